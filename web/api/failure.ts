import { ApiProblem, ApiUnavailable, UnexpectedResponse } from '../../client/errors';

export const isSignedOut = (error: unknown): boolean => error instanceof ApiProblem && error.status === 401;

export const isNotFound = (error: unknown): boolean => error instanceof ApiProblem && error.status === 404;

/** Whether the same request can succeed later, with nothing changed: the network, the API or what it needs is unavailable. */
export function isTemporary(error: unknown): boolean {
  if (error instanceof ApiUnavailable || error instanceof UnexpectedResponse) return true;
  return (
    error instanceof ApiProblem &&
    (error.status >= 500 || error.status === 429 || error.code === 'IDEMPOTENCY_IN_FLIGHT')
  );
}
