import type { Redis } from 'ioredis';
import { ifThere } from './if-there';

const KEY = 'coupon:rush';
/** So many requests in one api within so long are a rush: more than anybody makes who does not hurry. */
const REQUESTS = 20;
const WINDOW_MS = 100;
/** After the last such window: longer than a busy api may take to come to the next. */
const LASTS_MS = 500;

/** Whether users rush for coupons, at any api; without Redis they never do. */
export class CouponRush {
  private requests = 0;
  private windowEndsAt = 0;

  constructor(private readonly redis: Redis | undefined) {}

  /** Counts a request for a coupon. */
  count(): void {
    const now = performance.now();
    if (now >= this.windowEndsAt) {
      this.requests = 0;
      this.windowEndsAt = now + WINDOW_MS;
    }
    this.requests += 1;
    if (this.requests === REQUESTS) void ifThere(this.redis, (redis) => redis.set(KEY, '1', 'PX', LASTS_MS));
  }

  async isOn(): Promise<boolean> {
    return (await ifThere(this.redis, (redis) => redis.exists(KEY))) === 1;
  }
}
