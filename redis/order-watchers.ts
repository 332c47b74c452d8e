import type { Redis } from 'ioredis';

/** Notifies those who watch an order that it has changed; without Redis they look by themselves. */
export function orderWatchers(redis: Redis | undefined): (orderId: number) => void {
  return (orderId) => {
    if (redis?.status === 'ready') redis.publish(`timeline:${orderId}`, '').catch(() => undefined);
  };
}
