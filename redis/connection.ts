import { Redis } from 'ioredis';
import type { Logger } from '../observability/logger';

/** A command that takes longer has failed: the caller goes on without Redis. */
const COMMAND_TIMEOUT_MS = 100;

/** Redis is only for speed: its errors are told once and never stop anything. */
export function openRedis(url: string, logger: Logger): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    commandTimeout: COMMAND_TIMEOUT_MS,
  });
  let isTold = false;
  redis.on('error', (error: Error) => {
    if (!isTold) logger.warn({ err: error.message }, 'redis is away: going on without it');
    isTold = true;
  });
  redis.on('ready', () => {
    isTold = false;
  });
  return redis;
}
