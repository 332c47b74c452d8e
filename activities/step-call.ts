import { Context } from '@temporalio/activity';
import { deadline } from '../contracts/deadline';
import type { Decision } from '../domain/saga-state';

/** Names one attempt of an order; the step's key follows from it. */
export interface StepCall {
  readonly orderId: number;
  readonly attempt: number;
}

/** A step of an attempt with the request that it serves; the request's contents stay in Postgres. */
export interface RequestStepCall extends StepCall {
  readonly eventId: string;
  readonly retryCount: number;
}

/** A person's decision about an undo, to be recorded. */
export interface WriteOffCall extends StepCall {
  readonly decisionId: string;
  readonly decision: Decision;
  readonly reason: string;
  readonly actor: string;
  readonly reference?: string;
}

/** How long a provider may take: little while a workflow task waits for it, longer afterwards. */
export interface ProviderTimeouts {
  readonly fastMs: number;
  readonly longMs: number;
}

/** Ends a provider call when the activity is cancelled or its time is over. */
export function callSignal(timeouts: ProviderTimeouts): AbortSignal {
  const context = Context.current();
  const limitMs = context.info.isLocal ? timeouts.fastMs : timeouts.longMs;
  return deadline(limitMs, context.cancellationSignal);
}
