import { randomUUID } from 'node:crypto';
import { expectBooksToAddUp } from '../support/books';
import { type PayRequest, Shop } from '../support/shop';

/**
 * A process that dies after the workflow took a request leaves its key claimed and without a response. The row is put
 * back to that state here: what the workflow did stays done.
 */
describe('the same Idempotency-Key gives the same outcome, also after a crash:', () => {
  const shop = new Shop();
  afterAll(() => shop.close());

  async function paid(wish: PayRequest = {}): Promise<number> {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, wish);
    if (wish.warehouseStorage) await shop.reaches(orderId, 'COMPLETED', 'SETTLED');
    else await shop.reaches(orderId, 'PREPARING', 'WAITING');
    return orderId;
  }

  const send = async (orderId: number, what: 'cancel' | 'refund', key: string) => {
    const { status, body, headers } = await shop.call('POST', `/api/orders/${orderId}/${what}`, {
      body: { reason: 'changed my mind' },
      headers: { 'idempotency-key': key },
    });
    return { status, code: body.code, data: body.data, isReplayed: headers.get('idempotent-replayed') };
  };

  /** As a process leaves it that dies before it saves its response. */
  const crash = (key: string) =>
    shop
      .db('idempotency_keys')
      .where({ key })
      .update({ status_code: 102, body: JSON.stringify({ claimedAt: 0 }) });

  test('a cancel that was carried out stays accepted', async () => {
    const orderId = await paid();
    const key = randomUUID();
    const first = await send(orderId, 'cancel', key);
    expect(first).toMatchObject({ status: 202, data: { status: 'CANCELLED' } });
    await crash(key);
    expect(await send(orderId, 'cancel', key)).toEqual(first);
    expect(await send(orderId, 'cancel', key)).toEqual({ ...first, isReplayed: 'true' });
    expect(await send(orderId, 'cancel', randomUUID())).toMatchObject({ status: 409 });
    await expectBooksToAddUp(shop, orderId);
  });

  test('a cancel that the carrier refused stays refused', async () => {
    const orderId = await paid();
    await shop.providers.pickUp(orderId);
    const key = randomUUID();
    const first = await send(orderId, 'cancel', key);
    // The carrier's own news may be faster than its refusal.
    expect(first).toMatchObject({ status: 409, code: 'ORDER_NOT_CANCELLABLE' });
    await crash(key);
    expect(await send(orderId, 'cancel', key)).toMatchObject({ status: 409, code: 'ORDER_NOT_CANCELLABLE' });
    await shop.reaches(orderId, 'SHIPMENT_STARTED');
    await crash(key);
    expect(await send(orderId, 'cancel', key)).toMatchObject({ status: 409, code: 'ORDER_NOT_CANCELLABLE' });
    await expectBooksToAddUp(shop, orderId);
  });

  test('a refund that was taken stays accepted, refunded or refused', async () => {
    for (const [token, end] of [
      ['tok_visa', 'REFUNDED'],
      ['tok_undo_refused:1', 'COMPLETED'],
    ] as const) {
      const orderId = await paid({ token, warehouseStorage: true });
      const key = randomUUID();
      const first = await send(orderId, 'refund', key);
      expect(first).toMatchObject({ status: 202, data: { status: 'REFUND_REQUESTED' } });
      const { workflow } = await shop.temporal();
      expect(await workflow.getHandle(`refund-${orderId}`).result()).toBe(end);
      await crash(key);
      expect(await send(orderId, 'refund', key)).toEqual(first);
      expect((await shop.statuses(orderId)).filter((status) => status === 'REFUND_REQUESTED')).toHaveLength(1);
      await expectBooksToAddUp(shop, orderId);
    }
  });
});
