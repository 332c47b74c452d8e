import { randomUUID } from 'node:crypto';
import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { payBody } from '../support/shop';

describe('the same HTTP request 50 times side by side has one effect:', () => {
  const shop = new Fixture().shop();
  const fifty = <Result>(call: () => Promise<Result>) => Promise.all(Array.from({ length: 50 }, call));

  test('one order is created, and the key answers the same ever after', async () => {
    const sku = await shop.product(1_000);
    const headers = { 'idempotency-key': randomUUID() };
    const send = (quantity = 1) =>
      shop.call<{ orderId: number }>('POST', '/api/orders', { headers, body: { lines: [{ sku, quantity }] } });
    const responses = await fifty(send);
    expect(new Set(responses.map((response) => response.status))).toEqual(
      new Set(responses.some((response) => response.status === 409) ? [201, 409] : [201]),
    );
    const ids = new Set(
      responses.filter((response) => response.status === 201).map((response) => response.body.data.orderId),
    );
    expect(ids.size).toBe(1);
    expect(await shop.db('order_lines').where({ sku })).toHaveLength(1);

    const again = await send();
    expect(again.status).toBe(201);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect([...ids]).toEqual([again.body.data.orderId]);
    expect((await send(2)).body).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  test.each([true, false])('one payment is made (with an Idempotency-Key: %s)', async (isKeyed) => {
    const { orderId } = await shop.payableOrder();
    const headers: Record<string, string> = isKeyed ? { 'idempotency-key': randomUUID() } : {};
    const responses = await fifty(() =>
      shop.call('POST', `/api/orders/${orderId}/process-payment-shipment`, { headers, body: payBody() }),
    );
    const statuses = responses.map((response) => response.status);
    expect(statuses.every((status) => status === 202 || status === 409)).toBe(true);
    if (!isKeyed) expect(statuses.filter((status) => status === 202)).toHaveLength(1);
    await shop.reaches(orderId, 'PREPARING');
    expect(await shop.db('processing_requests').where({ order_id: orderId })).toHaveLength(1);
    expect(await shop.providers.ledger(orderId)).toHaveLength(1);
    await expectLedgersToBalance(shop, orderId);
  });
});
