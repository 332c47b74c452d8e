import { once } from 'node:events';
import type { Redis } from 'ioredis';
import { createLogger } from '../../observability/logger';
import { openRedis } from '../../redis/connection';
import { keepInFlight, Window } from './figures';
import type { CouponPlan } from './options';

/** As much as the gate reads, and nothing to decide. */
const READ = `return {redis.call('GET', KEYS[1]), redis.call('HMGET', KEYS[2], 'a', 'b', 'c')}`;

interface Scripts {
  benchRead(mark: string, known: string, userId: string, requestId: string): Promise<unknown>;
}

/** Calls of one short script a second, over the product's own connection, so many in flight. */
export async function measureRedis(url: string, { inFlight, warmUpS, seconds }: CouponPlan['redis']): Promise<number> {
  const redis = openRedis(url, createLogger('bench', 'warn')) as Redis & Scripts;
  redis.defineCommand('benchRead', { numberOfKeys: 2, lua: READ, readOnly: true });
  await once(redis, 'ready');
  const window = new Window(warmUpS, seconds);
  await keepInFlight(inFlight, window.isOver, async () => {
    await redis.benchRead('bench:{one}:mark', 'bench:{one}:known', 'user', 'request');
    window.count();
  });
  redis.disconnect();
  return window.perSecond;
}
