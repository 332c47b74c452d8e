/** Coupons: what they take off, and the states of a request for one. */
export const DISCOUNT_TYPES = ['FIXED', 'PERCENT'] as const;
export type DiscountType = (typeof DISCOUNT_TYPES)[number];

/** FIXED: minor units of the currency; PERCENT: 1 to 100. */
export interface Discount {
  readonly type: DiscountType;
  readonly value: number;
}

/** FAILED: its slot is open to the next request. */
export const COUPON_REQUEST_STATUSES = ['REQUESTED', 'ISSUED', 'FAILED'] as const;
export type CouponRequestStatus = (typeof COUPON_REQUEST_STATUSES)[number];

/** Why a request is not admitted; the database returns one of these. */
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
