import { createCouponStepActivities } from '../../activities/coupon-step';
import { couponState } from '../support/coupons';
import { Fixture } from '../support/fixture';

describe('the coupon step, whatever Temporal makes of it,', () => {
  const shop = new Fixture().shop();
  const { redeemCoupon, restoreCoupon } = createCouponStepActivities({ db: shop.db });
  const redeem = (call: { orderId: number; attempt: number }) => redeemCoupon({ ...call, atMs: Date.now() });

  /** An order that nobody pays: its steps are this test's. */
  async function claimed() {
    const [sku, code] = await Promise.all([shop.product(5), shop.issuedCoupon()]);
    const orderId = await shop.order(sku, 1, code);
    return { code, orderId, first: { orderId, attempt: 1, isSettled: false }, second: { orderId, attempt: 2 } };
  }

  test('redeems once, however often and at once it is done, and is undone once', async () => {
    const { code, orderId, first, second } = await claimed();
    await Promise.all(Array.from({ length: 5 }, () => redeem(first)));
    expect(await couponState(shop, code)).toBe(`redeemed by ${orderId}`);
    await Promise.all(Array.from({ length: 5 }, () => restoreCoupon(first)));
    expect(await couponState(shop, code)).toBe(`claimed by ${orderId}`);

    await redeem(second);
    await restoreCoupon(first);
    expect(await couponState(shop, code)).toBe(`redeemed by ${orderId}`);
    const recorded = await shop
      .db('timeline')
      .where({ order_id: orderId, type: 'step' })
      .whereRaw(`data->>'step' = 'coupon'`);
    expect(recorded.map(({ data }: { data: unknown }) => data)).toEqual([
      { step: 'coupon', attempt: 1, state: 'DONE' },
      { step: 'coupon', attempt: 1, state: 'UNDONE' },
      { step: 'coupon', attempt: 2, state: 'DONE' },
    ]);
  });

  test.each(['before it was done', 'after it was done'])('is not done any more once it is undone, %s', async (when) => {
    const { code, orderId, first } = await claimed();
    if (when === 'after it was done') await redeem(first);
    await restoreCoupon(first);
    await expect(redeem(first)).rejects.toMatchObject({ type: 'STEP_CLOSED', nonRetryable: true });
    expect(await couponState(shop, code)).toBe(`claimed by ${orderId}`);
  });

  test('fails for good where the order has lost its coupon, and its undo takes nothing from another', async () => {
    const { code, orderId, first } = await claimed();
    const other = await claimed();
    await shop.db('coupon_requests').where({ code }).update({ order_id: null });
    await shop.db('coupon_requests').where({ code: other.code }).update({ order_id: null });
    await shop.db('coupon_requests').where({ code }).update({ order_id: other.orderId, redeemed_at: new Date() });
    for (const _ of [1, 2])
      await expect(redeem(first)).rejects.toMatchObject({ type: 'COUPON_NOT_CLAIMED', nonRetryable: true });
    await restoreCoupon(first);
    expect(await couponState(shop, code)).toBe(`redeemed by ${other.orderId}`);
    expect(await shop.db('saga_steps').where({ order_id: orderId, step: 'coupon' }).pluck('state')).toEqual(['FAILED']);
  });
});
