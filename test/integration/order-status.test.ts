import type { OrderStatusView } from '../../contracts/responses/orders';
import { recentProcessingTimes } from '../../db/processing-times';
import { Fixture } from '../support/fixture';

describe('the status of an order', () => {
  const shop = new Fixture().shop();
  const status = async (orderId: number) =>
    (await shop.call<OrderStatusView>('GET', `/api/orders/${orderId}/status`)).body.data;

  test("is never of a time before the reader's own change", async () => {
    const { orderId } = await shop.payableOrder();
    const [first, ...others] = await Promise.all(Array.from({ length: 20 }, () => status(orderId)));
    expect(first).toMatchObject({ status: 'PENDING_PAYMENT', canCancel: true });
    for (const other of others) expect(other).toMatchObject({ status: 'PENDING_PAYMENT', canCancel: true });
    const { status: code } = await shop.call('POST', `/api/orders/${orderId}/cancel`, { body: { reason: 'no more' } });
    expect([code, await status(orderId)]).toEqual([202, expect.objectContaining({ canCancel: false })]);
  });

  test('is expected to end as recent orders did, from the first request to pay until all was settled', async () => {
    await shop.paidOrder();
    const end = new Error('rolled back');
    const seen = shop.db.transaction(async (trx) => {
      await trx('processing_requests').where('retry_count', '>', 0).update({ state: 'SKIPPED' });
      await trx('processing_requests').update({ created_at: trx.raw(`updated_at - interval '7 s'`) });
      const { count, p50Ms, p95Ms } = await recentProcessingTimes(trx);
      expect(count).toBeGreaterThan(0);
      expect([p50Ms, p95Ms]).toEqual([7_000, 7_000]);
      throw end;
    });
    await expect(seen).rejects.toBe(end);
  });

  test("of another user's order is ORDER_NOT_FOUND, also while its owner looks at it", async () => {
    const { orderId } = await shop.payableOrder();
    await status(orderId);
    const stranger = await shop.call('GET', `/api/orders/${orderId}/status`, {
      token: await shop.token('lee@example.com'),
    });
    expect(stranger).toMatchObject({ status: 404, body: { code: 'ORDER_NOT_FOUND' } });
  });
});
