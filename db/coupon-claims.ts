import type { Discount, DiscountType } from '../domain/coupon';
import type { DbOrTrx, Trx } from './connection';

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

/** The user's own coupon; undefined: none of that code was issued to this user. */
export async function findOwnCoupon(
  db: DbOrTrx,
  { code, userId }: { readonly code: string; readonly userId: string },
): Promise<OwnCoupon | undefined> {
  const row = (await db('coupon_requests as r')
    .join('coupons as c', 'c.code', 'r.code')
    .where({ 'r.code': code, 'r.user_id': userId, 'r.status': 'ISSUED' })
    .first(
      {
        requestId: 'r.request_id',
        type: 'c.discount_type',
        value: 'c.discount_value',
        minimumMinor: 'c.minimum_minor',
      },
      db.raw('r.order_id is not null as "isInUse"'),
    )) as { requestId: string; type: DiscountType; value: number; minimumMinor: number; isInUse: boolean } | undefined;
  if (!row) return undefined;
  const { requestId, type, value, minimumMinor, isInUse } = row;
  return { requestId, code, discount: { type, value }, minimumMinor, isInUse };
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

/** The coupon of a locked order is its user's again. */
export async function freeCouponOf(trx: Trx, orderId: number): Promise<void> {
  await trx('coupon_requests').where({ order_id: orderId }).update({ order_id: null, redeemed_at: null });
}

/** Gives slots that no request has to the next ones. */
export async function freeUnownedSlots(trx: Trx, code: string): Promise<void> {
  // Only what is counted after the lock cannot change any more.
  await trx('coupons').where({ code }).forNoKeyUpdate().first('code');
  await trx.raw(
    `update coupons c set taken = r.taken, version = version + 1, updated_at = now()
     from (select count(*) as taken from coupon_requests where code = :code and status <> 'FAILED') r
     where c.code = :code and c.taken > r.taken`,
    { code },
  );
}
