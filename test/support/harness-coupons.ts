import { randomUUID } from 'node:crypto';
import type { Db } from '../../db/connection';
import { admitCouponRequests, issueRequestedCoupon } from '../../db/coupon-requests';
import { putCoupon } from '../../db/coupons';
import type { OrderCoupon } from '../../db/orders';

/** A request for a coupon of its own, let in; its workflow has not started. */
export async function admittedCouponRequest(
  db: Db,
  userId: string,
  discountMinor: number,
): Promise<{ requestId: string; code: string }> {
  const [requestId, code] = [randomUUID(), `coupon-${randomUUID()}`];
  const discount = { type: 'FIXED', value: discountMinor } as const;
  await putCoupon(db, {
    code,
    name: 'Opening day',
    total: 1,
    discount,
    opensAt: null,
    closesAt: null,
    minimumMinor: 0,
  });
  await admitCouponRequests(db, code, [{ requestId, userId, userEmail: `${userId}@example.com`, headers: {} }]);
  return { requestId, code };
}

/** A coupon that was issued, and that nobody uses. */
export async function issuedCoupon(db: Db, userId: string, discountMinor: number): Promise<OrderCoupon> {
  const { requestId, code } = await admittedCouponRequest(db, userId, discountMinor);
  await issueRequestedCoupon(db, { requestId, at: new Date(), notification: '%s' });
  return { requestId, code, discountMinor };
}
