import { writeSync } from 'node:fs';
import { isError, safeError, safeMessage } from './safe-error';

/** An error for a terminal or a log that is no JSON: what may be shown of it and its causes; programming errors tell where. */
export function inWords(error: unknown, isSurprise = isProgrammingError(error)): string {
  const { stack, cause } = safeError(error);
  const isThrownValue = !isError(error);
  const said = isThrownValue ? `what was thrown is no error: ${typeof error}` : safeMessage(error) || error.name;
  const lines = [said, isSurprise ? stack : undefined];
  if (isSurprise && cause !== undefined && !isThrownValue) lines.push(`caused by ${inWords(error.cause, true)}`);
  return lines.filter(Boolean).join('\n');
}

/**
 * Ends the process at what nobody has caught, as Node does, but without its words: those show an error with all that it
 * carries, such as a statement's values.
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
  // By itself, as Node would put what was rejected with into the message of an exception of its own.
  process.on('unhandledRejection', endBy('unhandled rejection'));
}

function isProgrammingError(error: unknown): boolean {
  return error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
}
