import type { Discount, DiscountType } from '../domain/coupon';
import type { Trx } from './connection';

/** A coupon that was issued to a user. */
export interface OwnCoupon {
  readonly requestId: string;
  readonly code: string;
  readonly discount: Discount;
  /** What an order must come to before the discount, minor units. */
  readonly minimumMinor: number;
  /** An order has it, paid or not. */
  readonly isInUse: boolean;
}

/** The user's own coupon, locked until the transaction ends; undefined: none of that code was issued to this user. */
export async function lockOwnCoupon(
  trx: Trx,
  { code, userId }: { readonly code: string; readonly userId: string },
): Promise<OwnCoupon | undefined> {
  const row = (await trx('coupon_requests as r')
    .join('coupons as c', 'c.code', 'r.code')
    .where({ 'r.code': code, 'r.user_id': userId, 'r.status': 'ISSUED' })
    .forNoKeyUpdate('r')
    .first(
      {
        requestId: 'r.request_id',
        type: 'c.discount_type',
        value: 'c.discount_value',
        minimumMinor: 'c.minimum_minor',
      },
      trx.raw('r.order_id is not null as "isInUse"'),
    )) as { requestId: string; type: DiscountType; value: number; minimumMinor: number; isInUse: boolean } | undefined;
  if (!row) return undefined;
  const { requestId, type, value, minimumMinor, isInUse } = row;
  return { requestId, code, discount: { type, value }, minimumMinor, isInUse };
}

/** Gives a locked coupon to an order. */
export async function claimCoupon(trx: Trx, requestId: string, orderId: number): Promise<void> {
  await trx('coupon_requests').where({ request_id: requestId }).update({ order_id: orderId });
}

/** Redeems the coupon that the order has claimed; false: it has none. */
export async function redeemClaimedCoupon(trx: Trx, orderId: number, at: Date): Promise<boolean> {
  const count = await trx('coupon_requests').where({ order_id: orderId }).update({ redeemed_at: at });
  return count > 0;
}

/** The order's coupon is claimed and no more. */
export async function unredeemCoupon(trx: Trx, orderId: number): Promise<void> {
  await trx('coupon_requests').where({ order_id: orderId }).update({ redeemed_at: null });
}
