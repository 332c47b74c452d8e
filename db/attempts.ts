import type { AttemptMove, OrderStep } from '../contracts/workflow/attempt-steps';
import type { FailureCause } from '../domain/failure';
import type { OrderStatus } from '../domain/order-status';
import type { Db } from './connection';
import { callFunction } from './functions';
import { traceHeaders } from './outbox';
import type { KeptEvent, RequestKey } from './requests';
import type { StepRecord } from './saga-steps';

/** A step of an attempt, and the request that the attempt serves. */
export interface AttemptKey extends RequestKey {
  readonly attempt: number;
}

/** How the database takes a request as an attempt: see `begin_attempt`. */
export type BegunAttempt =
  | {
      readonly accepted: true;
      readonly totalMinor: number;
      readonly hasCoupon: boolean;
      readonly request: KeptEvent['requestDto'];
      readonly ended?: 'DONE' | 'FAILED';
      readonly failure?: FailureCause;
      readonly status?: OrderStatus;
    }
  | { readonly accepted: false; readonly why: string };

/** The record of a provider's step, and what the provider must know: see `begin_step`. */
export type BegunStep = Pick<
  StepRecord,
  'key' | 'orderId' | 'step' | 'attempt' | 'state' | 'providerRef' | 'refusedCode'
> & {
  /** Nothing of it has begun before. */
  readonly isNew: boolean;
  readonly totalMinor: number;
  readonly currency: string;
  /** Null: it is not in the database. */
  readonly request: KeptEvent['requestDto'] | null;
};

/** What a provider's step has come to. */
export type StepOutcome =
  | { readonly providerRef: string; readonly chargedMinor?: number }
  | { readonly refusedCode: string };

/** A call of one of the database's functions of an attempt, by its name. */
export interface AttemptCall<Result> {
  readonly call: string;
  /** Only for its type. */
  readonly result?: Result;
}

const callOf = <Result>(call: string, input: object): AttemptCall<Result> => ({ call, ...input });

export const beginAttempt = (key: AttemptKey, at: Date) => callOf<BegunAttempt>('begin_attempt', { ...key, at });

export const beginStep = (key: AttemptKey, step: OrderStep) => callOf<BegunStep>('begin_step', { ...key, step });

export const finishStep = (
  { orderId, step, attempt }: Pick<StepRecord, 'orderId' | 'step' | 'attempt'>,
  outcome: StepOutcome,
) => callOf<{ readonly refusedCode?: string }>('finish_step', { orderId, step, attempt, ...outcome });

/** A move in the middle of an attempt; `steps`: what must be done before. */
export const makeMove = (move: AttemptMove['do'], key: AttemptKey, steps: readonly OrderStep[], at: Date) =>
  callOf<object>(FUNCTION_OF[move], { ...key, steps, at, headers: traceHeaders() });

const FUNCTION_OF: Readonly<Record<AttemptMove['do'], string>> = { completePayment: 'complete_payment' };

/** What the end of a good attempt returns; nothing where it was settled before. */
export interface Settled {
  /** How long ago the customer asked; null: that is not known. */
  readonly sinceRequestedMs?: number | null;
}

/** `steps`: all that the attempt needs. */
export const settleAttempt = (
  key: AttemptKey,
  end: {
    readonly steps: readonly OrderStep[];
    readonly isStored: boolean;
    readonly notification: string;
    readonly at: Date;
  },
) => callOf<Settled>('settle_attempt', { ...key, ...end, headers: traceHeaders() });

/** Makes these calls in one transaction; the results are fewer where one ends the attempt: see `call_in_order`. */
export function callInOrder(db: Db, calls: readonly AttemptCall<unknown>[]): Promise<unknown[]> {
  return callFunction(db, 'call_in_order', calls);
}

/** Makes one of these calls. */
export function call<Result>(db: Db, one: AttemptCall<Result>): Promise<Result> {
  return callFunction<Result>(db, one.call, one);
}
