import { randomUUID } from 'node:crypto';
import { developmentUserId } from '../../cli/development-token';
import type { CouponIssueEvent } from '../../contracts/events';
import type { Db } from '../../db/connection';
import { admitCouponRequests, issueRequestedCoupons } from '../../db/coupon-requests';
import { putCoupon } from '../../db/coupons';
import type { OrderCoupon } from '../../db/orders';
import type { Shop } from './shop';

/** A request that was let in and whose event has not been published: it waits until somebody writes the event. */
export async function unannouncedCouponRequest(
  shop: Shop,
  code: string,
  userEmail = 'kim@example.com',
): Promise<CouponIssueEvent> {
  const requestId = randomUUID();
  return shop.db.transaction(async (trx) => {
    const userId = developmentUserId(userEmail);
    await admitCouponRequests(trx, code, [{ requestId, userId, userEmail, headers: {} }]);
    await trx('outbox').where({ key: requestId }).delete();
    const text = (await trx('coupon_requests').where({ request_id: requestId }).pluck('event')) as string[];
    return JSON.parse(text[0] ?? 'null') as CouponIssueEvent;
  });
}

/** The state of the one coupon of a code: `free`, `claimed by ORDER` or `redeemed by ORDER`. */
export async function couponState({ db }: Pick<Shop, 'db'>, code: string): Promise<string> {
  const coupon = (await db('coupon_requests').where({ code }).first('order_id', 'redeemed_at')) as {
    order_id: number | null;
    redeemed_at: Date | null;
  };
  if (coupon.order_id === null) return 'free';
  return `${coupon.redeemed_at ? 'redeemed' : 'claimed'} by ${coupon.order_id}`;
}

/** A request for a coupon of its own, let in; its workflow has not started. */
export async function admittedCouponRequest(
  db: Db,
  userId: string,
  discountMinor: number,
): Promise<{ requestId: string; code: string }> {
  const [requestId, code] = [randomUUID(), `coupon-${randomUUID()}`];
  const discount = { type: 'FIXED', value: discountMinor } as const;
  const always = { opensAt: null, closesAt: null, minimumMinor: 0 };
  await putCoupon(db, { code, name: 'Opening day', total: 1, discount, ...always });
  await admitCouponRequests(db, code, [{ requestId, userId, userEmail: `${userId}@example.com`, headers: {} }]);
  return { requestId, code };
}

/** A coupon that was issued, and that nobody uses. */
export async function issuedCoupon(db: Db, userId: string, discountMinor: number): Promise<OrderCoupon> {
  const { requestId, code } = await admittedCouponRequest(db, userId, discountMinor);
  await issueRequestedCoupons(db, [{ requestId, at: new Date(), headers: {} }], '%s');
  return { requestId, code, discountMinor };
}
