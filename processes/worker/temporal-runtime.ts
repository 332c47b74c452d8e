import { createServer } from 'node:net';
import { DefaultLogger, Runtime, type RuntimeOptions } from '@temporalio/worker';
import type { Logger } from '../../observability/logger';

const QUIETER: Readonly<Record<string, 'debug' | 'info' | 'warn' | 'error'>> = {
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'debug',
  WARN: 'warn',
  ERROR: 'error',
};
/** Somebody else may take a port between our finding it free and the SDK's listening on it. */
const TRIES = 5;
const READ_TIMEOUT_MS = 2_000;

/**
 * Sends the SDK's own logs to ours and leaves signals to the process's main; call it once, before any connection is made.
 * Returns how to read the SDK's own metrics, which it serves on a port of this machine alone.
 */
export async function installTemporalRuntime(logger: Logger): Promise<() => Promise<string>> {
  for (let tries = 1; ; tries++) {
    const bindAddress = `127.0.0.1:${await freePort()}`;
    try {
      Runtime.install(optionsOf(logger, bindAddress));
    } catch (error) {
      if (tries < TRIES) continue;
      throw error;
    }
    return () => metricsAt(`http://${bindAddress}/metrics`, logger);
  }
}

function optionsOf(logger: Logger, bindAddress: string): RuntimeOptions {
  return {
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', ({ level, message, meta }) =>
      logger[QUIETER[level] ?? 'info'](meta ?? {}, message),
    ),
    telemetryOptions: {
      metrics: {
        globalTags: { role: 'worker' },
        prometheus: { bindAddress, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true },
      },
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Our own metrics must not be missing with them. */
async function metricsAt(url: string, logger: Logger): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(READ_TIMEOUT_MS) });
    return await response.text();
  } catch (error) {
    logger.warn({ err: error }, "the Temporal SDK's metrics could not be read");
    return '';
  }
}
