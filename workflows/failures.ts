import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  isCancellation,
  TimeoutFailure,
} from '@temporalio/workflow';

/** Why a call came to nothing: final, so that trying again is pointless, or not known to have happened. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly final: boolean;
}

/** Reads a failure's code from its type; whatever ran out of time or tries is not final. */
export function describeFailure(error: unknown): Failure {
  if (isCancellation(error)) return { code: 'INTERRUPTED', message: 'interrupted by a cancel', final: false };
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) {
    return { code: cause.type ?? 'UNEXPECTED', message: cause.message, final: cause.nonRetryable === true };
  }
  if (cause instanceof TimeoutFailure) {
    const last = cause.cause;
    return last instanceof ApplicationFailure && last.type
      ? { code: last.type, message: last.message, final: false }
      : { code: 'PROVIDER_UNAVAILABLE', message: 'no answer in time', final: false };
  }
  if (cause instanceof CancelledFailure) return { code: 'INTERRUPTED', message: cause.message, final: false };
  return { code: 'UNEXPECTED', message: error instanceof Error ? error.message : String(error), final: false };
}
