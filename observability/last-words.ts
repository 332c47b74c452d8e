import { writeSync } from 'node:fs';
import { isError, safeError, safeMessage } from './safe-error';

/** An error as text, as far as it may be shown; programming errors with their stack. */
export function inWords(error: unknown, isSurprise = isProgrammingError(error)): string {
  const { stack, cause } = safeError(error);
  const isThrownValue = !isError(error);
  const said = isThrownValue ? `what was thrown is no error: ${typeof error}` : safeMessage(error) || error.name;
  const lines = [said, isSurprise ? stack : undefined];
  if (isSurprise && cause !== undefined && !isThrownValue) lines.push(`caused by ${inWords(error.cause, true)}`);
  return lines.filter(Boolean).join('\n');
}

/**
 * Ends the process at an uncaught error, as Node does, but without Node's output, which shows all that an error carries,
 * such as a statement's values.
 */
export function endOnUncaught(): void {
  const endBy = (what: string) => (error: unknown) => {
    try {
      writeSync(2, `${what}: ${inWords(error, true)}\n`);
    } finally {
      process.exit(1);
    }
  };
  process.on('uncaughtException', endBy('uncaught exception'));
  // Otherwise Node would quote the rejected value in the message of an exception of its own.
  process.on('unhandledRejection', endBy('unhandled rejection'));
}

function isProgrammingError(error: unknown): boolean {
  return error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
}
