import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { until } from '../support/until';

describe('a provider that is unavailable', () => {
  const shop = new Fixture().shop();

  test('costs the attempt its budget; the retry topic pays the order when the provider is back', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.providers.outage(orderId, 'unavailable');
    await shop.pay(orderId);
    await until(
      'the first retry to be asked for',
      () => shop.db('processing_requests').where({ order_id: orderId, retry_count: 1 }).pluck('state'),
      (states) => states.length > 0,
    );
    await shop.providers.outage(orderId, 'none');
    await shop.reaches(orderId, 'PREPARING');
    const requests = await shop
      .db('processing_requests')
      .where({ order_id: orderId })
      .orderBy('retry_count')
      .select('event_id', 'retry_count', 'state');
    expect(new Set(requests.map((request) => request.event_id)).size).toBe(1);
    expect(requests.at(-1)).toMatchObject({ state: 'DONE' });
    await expectLedgersToBalance(shop, orderId);
  });

  test('a newer request of the customer replaces the retry that waits', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.providers.outage(orderId, 'unavailable');
    await shop.pay(orderId);
    await until(
      'the retry to wait',
      () => shop.db('processing_requests').where({ order_id: orderId, state: 'PENDING', retry_count: 1 }),
      (rows) => rows.length > 0,
    );
    await shop.providers.outage(orderId, 'none');
    expect((await shop.pay(orderId)).status).toBe(202);
    await shop.reaches(orderId, 'PREPARING');
    expect((await shop.providers.ledger(orderId)).map((entry) => entry.type)).toEqual(['charge']);
    await expectLedgersToBalance(shop, orderId);
  });
});
