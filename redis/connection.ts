import { Redis } from 'ioredis';
import type { Logger } from '../observability/logger';

/** A command that takes longer has failed: the caller goes on without Redis. */
const COMMAND_TIMEOUT_MS = 100;

/** Redis is only for speed: its errors are logged once and never stop anything. */
export function openRedis(url: string, logger: Logger): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    commandTimeout: COMMAND_TIMEOUT_MS,
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
