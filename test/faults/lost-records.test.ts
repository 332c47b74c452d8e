import { CONSUMED, TOPICS } from '../../contracts/topics';
import { Broker } from '../support/broker';
import { RunningSystem } from '../support/running-system';
import { expectAllSettled } from '../support/settled';
import { payBody, Shop } from '../support/shop';
import { FAST_DELAYS } from '../support/system';
import { until } from '../support/until';

jest.setTimeout(240_000);

describe('a record that is lost between the relay and the bridge', () => {
  let system: RunningSystem;
  let shop: Shop;

  beforeAll(async () => {
    system = await RunningSystem.start(`lost-${process.pid}`, undefined, { ...FAST_DELAYS, LOST_AFTER_MS: '3000' });
    shop = new Shop(system.addresses);
  });
  afterAll(async () => {
    await shop?.close();
    await system?.stop();
  });

  /** While no bridge runs, `publish` is published, and its topic's group is moved behind it. */
  async function lose<Result>(topic: string, publish: () => Promise<Result>, keyOf: (result: Result) => string) {
    await system.role('bridge').end('SIGTERM');
    const result = await publish();
    await until(
      'the record to be published',
      () =>
        shop
          .db('outbox')
          .where({ topic, key: keyOf(result) })
          .whereNotNull('published_at')
          .pluck('id'),
      (ids) => ids.length > 0,
    );
    const groupId = CONSUMED.find((consumed) => consumed.topic === topic)?.groupId as string;
    await Broker.skipAll(system.addresses, groupId, topic);
    return result;
  }

  test('is sent again, for an order as for its payment, and what was listed meanwhile heals', async () => {
    const sku = await shop.product(5);
    const orderId = await lose(TOPICS.stockDecreaseRequested, () => shop.order(sku), String);
    const listed = await until(
      'the order to be listed',
      () =>
        shop.db('operator_items').where({ order_id: orderId, kind: 'LOST_REQUEST' }).select('id', 'state', 'subject'),
      (items) => items.length === 1,
    );
    expect(listed).toMatchObject([{ state: 'OPEN', subject: `order-${orderId}/stock` }]);
    await system.startRole('bridge');
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'WAITING');
    await until(
      'the item to heal',
      () => shop.db('operator_items').where({ order_id: orderId }).pluck('state'),
      ([state]) => state === 'HEALED',
    );

    const paid = await lose(
      TOPICS.orderProcessing,
      () => shop.call('POST', `/api/orders/${orderId}/process-payment-shipment`, { body: payBody() }),
      () => String(orderId),
    );
    expect(paid.status).toBe(202);
    await system.startRole('bridge');
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    expect(await shop.ledger(orderId)).toHaveLength(1);
    await expectAllSettled(shop, [orderId]);
  });
});
