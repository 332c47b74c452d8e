/** What is wrong with a field of a request: `path` as in `shipment.phone`. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** The body of a response that is no success (RFC 9457), in the language that was asked for. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
}

/** The API has refused a request. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  constructor(readonly problem: Problem) {
    super(problem.title);
  }
}

/** There is no usable response: the network, the API or what it needs is unavailable. The same request may be sent again. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

export const isSignedOut = (error: unknown): boolean => error instanceof RequestRefused && error.problem.status === 401;

export const isNotFound = (error: unknown): boolean => error instanceof RequestRefused && error.problem.status === 404;

/** Whether the same request can succeed later, with nothing changed. */
export function isTemporary(error: unknown): boolean {
  if (error instanceof Unavailable) return true;
  return (
    error instanceof RequestRefused && (error.problem.status === 429 || error.problem.code === 'IDEMPOTENCY_IN_FLIGHT')
  );
}
