import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  isCancellation,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { FailureCause, FailureDetail } from '../../domain/failure';

/** Why a call failed. */
export interface Failure extends FailureCause {
  readonly message: string;
}

/** Reads an activity's failure; a call that timed out is unavailable. */
export function describeFailure(error: unknown): Failure {
  if (isCancellation(error)) return { code: 'INTERRUPTED', message: 'interrupted by a cancel', kind: 'INTERRUPTED' };
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) return described(cause);
  if (cause instanceof TimeoutFailure) {
    const last = cause.cause;
    return last instanceof ApplicationFailure && last.type
      ? described(last)
      : { code: 'PROVIDER_UNAVAILABLE', message: 'no response in time', kind: 'UNAVAILABLE' };
  }
  if (cause instanceof CancelledFailure) return { code: 'INTERRUPTED', message: cause.message, kind: 'INTERRUPTED' };
  return { code: 'UNEXPECTED', message: error instanceof Error ? error.message : String(error), kind: 'UNEXPECTED' };
}

function described({ type, message, nonRetryable, details }: ApplicationFailure): Failure {
  const detail = details?.[0] as FailureDetail | undefined;
  const kind = detail?.kind ?? (nonRetryable === true ? 'PERMANENT' : 'UNEXPECTED');
  return { code: type ?? 'UNEXPECTED', message, kind };
}

/** Waits for what only shows a saga: where the database refuses it for good, the saga goes on, and Temporal still shows it. */
export async function unlessPermanent(shown: Promise<void>): Promise<void> {
  try {
    await shown;
  } catch (error) {
    if (describeFailure(error).kind !== 'PERMANENT') throw error;
  }
}
