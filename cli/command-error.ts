import { ApiProblem, ApiUnavailable, UnexpectedResponse } from '../client/errors';
import type { Problem } from '../client/schema';

/** The exit codes of a command; stable, for scripts. */
export const EXIT = { ok: 0, failed: 1, usage: 2, notFound: 3, notAllowed: 4, unavailable: 5 } as const;

/** The `code` of a failure that is not a problem of the API. */
const CODES = {
  [EXIT.ok]: 'OK',
  [EXIT.failed]: 'FAILED',
  [EXIT.usage]: 'USAGE',
  [EXIT.notFound]: 'NOT_FOUND',
  [EXIT.notAllowed]: 'NOT_ALLOWED',
  [EXIT.unavailable]: 'UNAVAILABLE',
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A command that failed, with its message for stderr. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    /** Where the API refused. */
    readonly problem?: Problem,
  ) {
    super(message);
  }

  /** The API's problem, or an object of the same shape. */
  toJSON(): object {
    return this.problem ?? { code: CODES[this.exitCode], detail: this.message };
  }
}

const BY_STATUS: Readonly<Record<number, ExitCode>> = {
  400: EXIT.usage,
  401: EXIT.notAllowed,
  403: EXIT.notAllowed,
  404: EXIT.notFound,
  502: EXIT.unavailable,
  503: EXIT.unavailable,
  504: EXIT.unavailable,
};

/** How a command ends with this error; undefined for an error that no command foresees. */
export function commandErrorOf(error: unknown): CommandError | undefined {
  if (error instanceof CommandError) return error;
  if (error instanceof ApiUnavailable) return new CommandError(EXIT.unavailable, error.message);
  if (!(error instanceof ApiProblem || error instanceof UnexpectedResponse)) return undefined;
  const exitCode = BY_STATUS[error.status] ?? EXIT.failed;
  if (error instanceof UnexpectedResponse)
    return new CommandError(error.status < 300 ? EXIT.unavailable : exitCode, error.message);
  return new CommandError(exitCode, problemText(error.problem), error.problem);
}

/** The members that every problem has and that people need not see are left out. */
function problemText({
  type,
  status,
  instance,
  requestId,
  title,
  code,
  detail,
  errors = [],
  ...more
}: Problem): string {
  const members = Object.entries(more);
  return [
    `${code}: ${title}. ${detail}`,
    ...errors.map(({ path, message }) => `  ${path || '(whole)'}: ${message}`),
    ...members.map(([name, value]) => `  ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`),
  ].join('\n');
}
