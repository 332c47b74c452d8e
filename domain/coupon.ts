/** Coupons: what they take off, and how a request for one stands. */
export const DISCOUNT_TYPES = ['FIXED', 'PERCENT'] as const;
export type DiscountType = (typeof DISCOUNT_TYPES)[number];

/** FIXED: minor units of the currency; PERCENT: 1 to 100. */
export interface Discount {
  readonly type: DiscountType;
  readonly value: number;
}

/** FAILED: its place is open to the next who asks. */
export const COUPON_REQUEST_STATUSES = ['REQUESTED', 'ISSUED', 'FAILED'] as const;
export type CouponRequestStatus = (typeof COUPON_REQUEST_STATUSES)[number];

/** Why nobody is let in; the database answers with one of these. */
export const COUPON_REFUSALS = [
  'COUPON_NOT_FOUND',
  'COUPON_NOT_OPEN',
  'COUPON_CLOSED',
  'COUPON_SOLD_OUT',
  'COUPON_ALREADY_REQUESTED',
  'REQUEST_ID_REUSED',
] as const;
export type CouponRefusal = (typeof COUPON_REFUSALS)[number];

/** What is taken off a sum in minor units: never more than the sum; percents round down. */
export function discountOf(discount: Discount, sumMinor: number): number {
  if (discount.type === 'FIXED') return Math.min(discount.value, sumMinor);
  return Number((BigInt(sumMinor) * BigInt(discount.value)) / 100n);
}
