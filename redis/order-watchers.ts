import type { Redis } from 'ioredis';
import { timelineChannel } from '../contracts/live';

/** Notifies those who watch an order that it has changed; without Redis they look by themselves. */
export function orderWatchers(redis: Redis | undefined): (orderId: number) => void {
  return (orderId) => {
    if (redis?.status === 'ready') redis.publish(timelineChannel(orderId), '').catch(() => undefined);
  };
}
