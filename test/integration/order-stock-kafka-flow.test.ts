import { TOPICS } from '../../contracts/topics';
import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { until } from '../support/until';

describe('orders and stock over Kafka', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker([TOPICS.stockDecreaseFailed, TOPICS.orderStatusChanged]);

  test('three at once on a stock of 10 of which two fit: two go on, one is cancelled, no stock is left', async () => {
    const sku = await shop.product(10);
    const orderIds = await Promise.all([1, 2, 3].map(() => shop.order(sku, 5)));

    const views = await until(
      'the three orders to leave CREATED',
      () => Promise.all(orderIds.map((orderId) => shop.status(orderId))),
      (all) => all.every((view) => view.status !== 'CREATED'),
    );
    expect(views.map((view) => view.status).sort()).toEqual(['CANCELLED', 'PENDING_PAYMENT', 'PENDING_PAYMENT']);
    expect(await shop.stock(sku)).toEqual({ free: 0, held: 10, sold: 0 });

    const short = views.find((view) => view.status === 'CANCELLED')?.orderId as number;
    expect(await broker.untilEvents(TOPICS.stockDecreaseFailed, short, 1)).toEqual([
      {
        eventId: expect.any(String),
        eventCreatedAt: expect.stringMatching(/Z$/),
        schemaVersion: 1,
        orderId: short,
        reason: 'STOCK_SHORTAGE',
        shortages: [{ sku, requested: 5, available: 0 }],
      },
    ]);
    // Our own event comes back to us, and finds the order cancelled already.
    await broker.untilCommitted(TOPICS.stockDecreaseFailed);
    expect(await shop.statuses(short)).toEqual(['CREATED', 'CANCELLED']);

    const fitting = orderIds.filter((orderId) => orderId !== short);
    await Promise.all(fitting.map((orderId) => shop.pay(orderId)));
    for (const orderId of fitting) await shop.reaches(orderId, 'PREPARING');
    expect(await shop.stock(sku)).toEqual({ free: 0, held: 0, sold: 10 });
    for (const orderId of orderIds) await expectLedgersToBalance(shop, orderId);
  });
});
