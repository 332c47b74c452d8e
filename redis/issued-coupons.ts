import type { Redis } from 'ioredis';
import { ifThere } from './if-there';

const KEPT_S = 24 * 3_600;
const keyOf = (requestId: string) => `coupon:issued:${requestId}`;

/** The record of a coupon that was issued, which is for good. */
export interface IssuedCoupon {
  readonly requestId: string;
  readonly userId: string;
  readonly code: string;
  readonly rank: number;
  /** ISO 8601. */
  readonly issuedAt: string;
}

/** Copies of issued coupons, for repeated queries; Postgres has them all, also where a copy is missing. */
export class IssuedCoupons {
  constructor(private readonly redis: Redis | undefined) {}

  /** Kept for a day; without Redis, nothing. */
  async remember(coupon: IssuedCoupon): Promise<void> {
    await ifThere(this.redis, (redis) => redis.set(keyOf(coupon.requestId), JSON.stringify(coupon), 'EX', KEPT_S));
  }

  async find(requestId: string): Promise<IssuedCoupon | undefined> {
    const text = await ifThere(this.redis, (redis) => redis.get(keyOf(requestId)));
    return text ? (JSON.parse(text) as IssuedCoupon) : undefined;
  }
}
