/** The part of an error that may be shown in logs, traces and on a terminal. */
export interface SafeError {
  readonly type: string;
  readonly message?: string;
  /** SQLSTATE, a system error's code, or one of ours. */
  readonly code?: string;
  /** Which rule of the database refuses. */
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  /** Where it was thrown, without its first line. */
  readonly stack?: string;
  readonly cause?: SafeError;
}

const MAX_MESSAGE = 500;
const MAX_DEPTH = 5;

/**
 * Keeps the fields that carry no data. Errors of a database, a parser or a schema quote data such as tokens and addresses
 * in their messages and other fields (`detail`, `where`, `bindings`, `sql`, `issues`).
 */
export function safeError(error: unknown, depth = 0): SafeError {
  if (!isError(error)) return { type: typeof error };
  const { name, message, stack, cause } = error;
  const { code, table, column, constraint } = error as unknown as Readonly<Record<string, unknown>>;
  const named = Object.entries({ code, table, column, constraint }).filter(([, value]) => typeof value === 'string');
  return {
    type: name,
    ...(quotesItsSubject(error) ? {} : { message: message.slice(0, MAX_MESSAGE) }),
    ...Object.fromEntries(named),
    ...(stack === undefined ? {} : { stack: framesOf(stack) }),
    ...(cause === undefined || depth >= MAX_DEPTH ? {} : { cause: safeError(cause, depth + 1) }),
  };
}

/** An error's message on one line, as far as it may be shown. */
export function safeMessage(error: unknown): string {
  const { type, message, code, table, constraint } = safeError(error);
  const where = [table && `table ${table}`, constraint && `constraint ${constraint}`].filter(Boolean).join(', ');
  return message ?? [type, code, where].filter(Boolean).join(' ');
}

/** Also one of another realm, which is no instance of this one's class. */
export function isError(error: unknown): error is Error {
  if (error instanceof Error) return true;
  return typeof error === 'object' && error !== null && 'message' in error && 'stack' in error && 'name' in error;
}

/** By shape: those of Postgres have a severity, those of the query builder its statement or bindings. */
function quotesItsSubject(error: Error): boolean {
  return (
    'severity' in error ||
    'bindings' in error ||
    'sql' in error ||
    'issues' in error ||
    // Of Stripe, which names the token.
    'rawType' in error ||
    error.name === 'SyntaxError' ||
    error.name === 'ZodError'
  );
}

function framesOf(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
}
