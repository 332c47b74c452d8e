import {
  ApplicationFailure,
  type Client,
  isGrpcServiceError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';

export { isGrpcServiceError };

/** For a query of the workflow, where the database has the rest. */
export const LOOK_WITHIN_MS = 500;
export const CALL_WITHIN_MS = 5_000;

/** Why nothing can be asked of a workflow. */
export const WORKFLOW_CLOSED = 'WORKFLOW_CLOSED';

/** Temporal, or the worker behind it, does not respond. */
export class TemporalUnavailableError extends Error {
  override readonly name = 'TemporalUnavailableError';
}

/** A call of at most 5 s; throws TemporalUnavailableError where nobody responds, and what Temporal refuses as it is. */
export async function temporalCall<Result>(
  temporal: Client,
  call: () => Promise<Result>,
  withinMs = CALL_WITHIN_MS,
): Promise<Result> {
  try {
    return await temporal.withDeadline(Date.now() + withinMs, call);
  } catch (error) {
    throw isSilence(error) ? new TemporalUnavailableError('Temporal does not respond', { cause: error }) : error;
  }
}

/** Starts or signals a workflow, errors as they are; false: it runs, or has run, already. */
export async function unlessStarted(temporal: Client, call: () => Promise<unknown>): Promise<boolean> {
  try {
    await temporal.withDeadline(Date.now() + CALL_WITHIN_MS, call);
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}

/** The result of a call about a workflow; undefined: Temporal does not know it, or not any more. */
export async function unlessGone<Result>(call: Promise<Result>): Promise<Result | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** The result of a call; undefined: nobody responds. */
export async function unlessUnavailable<Result>(call: Promise<Result>): Promise<Result | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof TemporalUnavailableError) return undefined;
    throw error;
  }
}

/** Why an update is refused; undefined: the error says something else. */
export function refusalOf(error: unknown): string | undefined {
  // Validators' refusals carry their code as the message.
  if (error instanceof WorkflowUpdateFailedError)
    return error.cause instanceof ApplicationFailure ? error.cause.message : 'REFUSED';
  if (error instanceof WorkflowExecutionAlreadyStartedError || error instanceof WorkflowNotFoundError)
    return WORKFLOW_CLOSED;
  return undefined;
}

/** The server is unavailable, overloaded, or has no worker that responds; not: it responded that this can't be done. */
export function isServiceTrouble(error: unknown): boolean {
  return error instanceof ServiceError || error instanceof WorkflowUpdateRPCTimeoutOrCancelledError;
}

export function isSilence(error: unknown): boolean {
  return isServiceTrouble(error) || isGrpcServiceError(error);
}
