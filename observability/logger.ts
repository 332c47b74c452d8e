import pino, { type Logger } from 'pino';

export type { Logger } from 'pino';

/** JSON lines on stderr, so that stdout stays free for data; tokens and addresses never get here by name. */
export function createLogger(role: string, level: string): Logger {
  return pino(
    {
      name: 'ordersaga',
      level,
      base: { role },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: ['*.token', '*.authorization', '*.email', 'err.config.headers'], censor: '[redacted]' },
    },
    pino.destination({ dest: 2, sync: false }),
  );
}
