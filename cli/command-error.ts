/** What a command ends with; stable, for scripts. */
export const EXIT = { ok: 0, failed: 1, usage: 2, notFound: 3, notAllowed: 4, away: 5 } as const;

/** The `code` of what came to nothing before the API could refuse it. */
const CODES = {
  [EXIT.ok]: 'OK',
  [EXIT.failed]: 'FAILED',
  [EXIT.usage]: 'USAGE',
  [EXIT.notFound]: 'NOT_FOUND',
  [EXIT.notAllowed]: 'NOT_ALLOWED',
  [EXIT.away]: 'AWAY',
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A command that comes to nothing, and what is said of it on stderr. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    /** The API's own answer, where it was the API that refused. */
    readonly problem?: Readonly<Record<string, unknown>>,
  ) {
    super(message);
  }

  /** The API's answer, or as much of one as the command itself knows. */
  toJSON(): Readonly<Record<string, unknown>> {
    return this.problem ?? { code: CODES[this.exitCode], detail: this.message };
  }
}
