import { Redis } from 'ioredis';
import type { Logger } from '../observability/logger';

/** A command that takes longer has failed: the caller goes on without Redis. */
const COMMAND_TIMEOUT_MS = 100;
/** A connection that says nothing for so long after a command is lost, and replaced: its other end may be gone without a word. */
const SILENT_AFTER_MS = 2_000;

/** Redis is only for speed: its errors are logged once and never stop anything. */
export function openRedis(url: string, logger: Logger): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    commandTimeout: COMMAND_TIMEOUT_MS,
    socketTimeout: SILENT_AFTER_MS,
  });
  let isLogged = false;
  redis.on('error', (error: Error) => {
    if (!isLogged) logger.warn({ err: error.message }, 'redis is unavailable: going on without it');
    isLogged = true;
  });
  redis.on('ready', () => {
    isLogged = false;
  });
  return redis;
}
