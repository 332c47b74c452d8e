import type { Redis } from 'ioredis';

/** Tells those who watch an order that it has news; without Redis they look by themselves. */
export function orderWatchers(redis: Redis | undefined): (orderId: number) => void {
  return (orderId) => {
    if (redis?.status === 'ready') redis.publish(`timeline:${orderId}`, '').catch(() => undefined);
  };
}
