import type { Problem } from './schema';

/** The API refused the request. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly code: Problem['code'];

  constructor(
    endpoint: string,
    /** RFC 9457, with the API's stable `code`; other members belong to the code. */
    readonly problem: Problem,
  ) {
    super(`${endpoint}: ${problem.status} ${problem.code}: ${problem.detail}`);
    this.status = problem.status;
    this.code = problem.code;
  }
}

/** No response came from the address before the deadline, or the connection failed. */
export class ApiUnavailable extends Error {
  override readonly name = 'ApiUnavailable';

  constructor(
    readonly address: string,
    override readonly cause: Error,
  ) {
    // Of Node, the connection's failure is the cause of a `fetch failed`.
    const { code, message } = (cause.cause ?? cause) as Error & { readonly code?: unknown };
    super(`no response from ${address}: ${typeof code === 'string' ? code : message}`);
  }
}

/** The address responded with something other than this API's JSON, as a gateway or another service would. */
export class UnexpectedResponse extends Error {
  override readonly name = 'UnexpectedResponse';

  constructor(
    url: string,
    readonly status: number,
  ) {
    super(`${url} responded with ${status} and a body that this API does not send`);
  }
}
