import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { until } from '../support/until';

describe('a cancel', () => {
  const shop = new Fixture().shop();
  const cancel = (orderId: number) =>
    shop.call('POST', `/api/orders/${orderId}/cancel`, { body: { reason: 'changed my mind' } });

  test('before payment gives the stock back', async () => {
    const { orderId, sku } = await shop.payableOrder(3, 3);
    expect((await cancel(orderId)).status).toBe(202);
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    expect(await shop.stock(sku)).toEqual({ free: 3, held: 0, sold: 0 });
    await expectLedgersToBalance(shop, orderId);
  });

  test('from PREPARING recalls the parcel, then gives money and stock back', async () => {
    const { orderId, sku } = await shop.payableOrder(2, 10);
    await shop.pay(orderId);
    await shop.reaches(orderId, 'PREPARING');
    expect((await cancel(orderId)).status).toBe(202);
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    expect(await shop.stock(sku)).toEqual({ free: 10, held: 0, sold: 0 });
    expect((await cancel(orderId)).status).toBe(409);
    await expectLedgersToBalance(shop, orderId);
  });

  test('of a parcel that is picked up is refused, and nothing else is undone', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId);
    await shop.reaches(orderId, 'PREPARING');
    await shop.providers.pickUp(orderId);
    const response = await cancel(orderId);
    expect(response).toMatchObject({ status: 409 });
    expect((await shop.providers.ledger(orderId)).map((entry) => entry.type)).toEqual(['charge']);
    await expectLedgersToBalance(shop, orderId);
  });

  test('while the charge is at the provider leaves no money behind', async () => {
    const { orderId, sku } = await shop.payableOrder(1, 1);
    await shop.providers.outage(orderId, 'slow');
    await shop.pay(orderId);
    await until(
      'the charge to be at the provider',
      () => shop.db('saga_steps').where({ order_id: orderId, step: 'payment' }),
      (rows) => rows.length > 0,
    );
    expect((await cancel(orderId)).status).toBe(202);
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    expect(await shop.stock(sku)).toEqual({ free: 1, held: 0, sold: 0 });
    await expectLedgersToBalance(shop, orderId);
  });
});
