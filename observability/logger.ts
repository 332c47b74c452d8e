import pino, { type DestinationStream, type Logger } from 'pino';
import { isError, safeError, safeMessage } from './safe-error';

export type { Logger } from 'pino';

/** JSON lines on stderr, so that stdout stays free for data; without tokens, addresses and what errors quote. */
export function createLogger(role: string, level: string, destination?: DestinationStream): Logger {
  return pino(
    {
      name: 'ordersaga',
      level,
      base: { role },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { log: withSafeErrors },
      hooks: {
        // The message of a bare error would become the log's message.
        logMethod(args, method) {
          const [first, ...rest] = args as unknown as [unknown, ...unknown[]];
          const safe = isError(first) ? [{ err: first }, safeMessage(first), ...rest] : args;
          method.apply(this, safe as Parameters<typeof method>);
        },
      },
      redact: {
        paths: ['*.token', '*.authorization', '*.email', 'token', 'authorization', 'email'],
        censor: '[redacted]',
      },
    },
    destination ?? pino.destination({ dest: 2, sync: false }),
  );
}

/** Libraries log errors under many names, and in lists: each is recognized by its shape. */
function withSafeErrors(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, safely(value)]));
}

function safely(value: unknown): unknown {
  if (isError(value)) return safeError(value);
  if (Array.isArray(value)) return value.map(safely);
  const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? withSafeErrors(value as Record<string, unknown>) : value;
}
