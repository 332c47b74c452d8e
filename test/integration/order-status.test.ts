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
    const rows = [
      {
        order_id: 1,
        retry_count: 0,
        state: 'DONE',
        created_at: '2026-11-29T09:00:00Z',
        updated_at: '2026-11-29T09:00:02Z',
      },
      {
        order_id: 2,
        retry_count: 0,
        state: 'FAILED',
        created_at: '2026-11-29T09:00:00Z',
        updated_at: '2026-11-29T09:00:01Z',
      },
      {
        order_id: 2,
        retry_count: 1,
        state: 'DONE',
        created_at: '2026-11-29T09:00:05Z',
        updated_at: '2026-11-29T09:00:12Z',
      },
      {
        order_id: 3,
        retry_count: 0,
        state: 'PENDING',
        created_at: '2026-11-29T09:00:00Z',
        updated_at: '2026-11-29T09:09:00Z',
      },
    ];
    await shop.db.transaction(async (trx) => {
      await trx.raw(
        'create temp table processing_requests (like processing_requests including defaults) on commit drop',
      );
      await trx('processing_requests').insert(
        rows.map((row) => ({ ...row, event_id: 'e', source: 'api', event: '{}' })),
      );
      const { count, p50Ms, p95Ms } = await recentProcessingTimes(trx);
      expect([count, p50Ms, Math.round(p95Ms)]).toEqual([2, 7_000, 11_500]);
    });
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
