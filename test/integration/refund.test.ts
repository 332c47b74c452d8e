import { randomUUID } from 'node:crypto';
import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { until } from '../support/until';

describe('a refund', () => {
  const shop = new Fixture().shop();
  const refund = (orderId: number, token?: string) =>
    shop.call('POST', `/api/orders/${orderId}/refund`, { body: { reason: 'broken' }, ...(token ? { token } : {}) });

  test('of a stored order gives money and stock back', async () => {
    const { orderId, sku } = await shop.payableOrder(2, 4);
    await shop.pay(orderId, { warehouseStorage: true });
    await shop.reaches(orderId, 'COMPLETED', 'SETTLED');
    expect((await refund(orderId)).status).toBe(202);
    await shop.reaches(orderId, 'REFUNDED', 'SETTLED');
    expect(await shop.stock(sku)).toEqual({ free: 4, held: 0, sold: 0 });
    await expectLedgersToBalance(shop, orderId);
    expect((await refund(orderId)).status).toBe(409);
  });

  test('that the provider refuses leaves the order COMPLETED and the money where it was', async () => {
    const { orderId, sku } = await shop.payableOrder(1, 2);
    await shop.pay(orderId, { token: 'tok_undo_refused:1', warehouseStorage: true });
    await shop.reaches(orderId, 'COMPLETED', 'SETTLED');
    await refund(orderId);
    await until(
      'the refusal',
      () => shop.statuses(orderId),
      (statuses) => statuses.slice(-2).join() === 'REFUND_REQUESTED,COMPLETED',
    );
    expect(await shop.stock(sku)).toEqual({ free: 1, held: 0, sold: 1 });
    await expectLedgersToBalance(shop, orderId);
  });

  test('of a lost parcel is for operators, and ends the wait for the carrier', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId);
    await shop.reaches(orderId, 'PREPARING');
    await shop.signal(orderId, 'shipmentUpdated', { eventId: randomUUID(), status: 'IN_TRANSIT' });
    await shop.reaches(orderId, 'IN_TRANSIT');
    expect((await refund(orderId)).status).toBe(409);
    expect((await refund(orderId, await shop.operatorToken())).status).toBe(202);
    await shop.reaches(orderId, 'REFUNDED', 'SETTLED');
    const workflow = (await shop.temporal()).workflow.getHandle(`order-${orderId}`);
    expect(await workflow.result()).toBe('REFUND_REQUESTED');
    await expectLedgersToBalance(shop, orderId);
  });
});
