import { TOPICS } from '../../contracts/topics';
import { Fixture } from '../support/fixture';
import { historyText } from '../support/history-text';
import { expectLedgersToBalance } from '../support/ledgers';
import { payBody } from '../support/shop';
import { until } from '../support/until';

const CARD = '4111 1111 1111 1111';

describe('text that cannot be kept, or must not be', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker();

  const fields = Object.keys(payBody().shipment) as (keyof ReturnType<typeof payBody>['shipment'])[];
  const pay = (orderId: number, shipment: object, token = 'tok_visa') =>
    shop.call('POST', `/api/orders/${orderId}/process-payment-shipment`, {
      body: { ...payBody({ token }), shipment: { ...payBody().shipment, ...shipment } },
    });

  test.each(fields)('is refused in the field %s of a shipment, which the response names', async (field) => {
    const { orderId } = await shop.payableOrder();
    for (const text of ['a\u0000b', '\ud800']) {
      const { status, body } = await pay(orderId, { [field]: text });
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'VALIDATION_FAILED' });
      expect(JSON.stringify(body)).toContain(`shipment.${field}`);
    }
    await shop.pay(orderId);
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
  });

  test('is refused as the reason of a refund or a cancel, and the next one is carried out', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { warehouseStorage: true });
    await shop.reaches(orderId, 'COMPLETED', 'SETTLED');
    for (const what of ['refund', 'cancel'])
      for (const reason of ['a\u0000b', '\udfff', CARD])
        expect((await shop.call('POST', `/api/orders/${orderId}/${what}`, { body: { reason } })).status).toBe(400);
    expect((await shop.call('POST', `/api/orders/${orderId}/refund`, { body: { reason: 'broken' } })).status).toBe(202);
    await shop.reaches(orderId, 'REFUNDED', 'SETTLED');
    await expectLedgersToBalance(shop, orderId);
  });

  test('stays in the database where a customer wrote it: Temporal has a reference', async () => {
    const { orderId: cancelled } = await shop.payableOrder();
    const { orderId: refunded } = await shop.payableOrder();
    await shop.pay(refunded, { warehouseStorage: true });
    await shop.reaches(refunded, 'COMPLETED', 'SETTLED');
    const reason = 'call me on 010-9999-8888';
    await shop.call('POST', `/api/orders/${cancelled}/cancel`, { body: { reason } });
    await shop.call('POST', `/api/orders/${refunded}/refund`, { body: { reason } });
    await shop.reaches(cancelled, 'CANCELLED', 'SETTLED');
    await shop.reaches(refunded, 'REFUNDED', 'SETTLED');
    const { workflow } = await shop.temporal();
    for (const id of [`order-${cancelled}`, `refund-${refunded}`]) {
      const text = await historyText(workflow.getHandle(id));
      expect(text).toContain('asked:');
      expect(text).not.toContain('9999-8888');
    }
    for (const orderId of [cancelled, refunded]) {
      const notices = await shop.db('timeline').where({ order_id: orderId, type: 'notice' }).pluck('data');
      expect(notices).toContainEqual(expect.objectContaining({ reason, actor: 'customer' }));
    }
  });

  test('a card number in place of a token, or anywhere in an address, is refused and never stored', async () => {
    const { orderId } = await shop.payableOrder();
    for (const response of [await pay(orderId, {}, CARD), await pay(orderId, { address1: `Seoul ${CARD}` })]) {
      expect(response.status).toBe(400);
      expect(JSON.stringify(response.body)).not.toContain('1111');
    }
    expect(await shop.db('processing_requests').where({ order_id: orderId })).toEqual([]);
    expect(
      await shop
        .db('outbox')
        .where({ key: String(orderId) })
        .whereLike('value', '%1111%'),
    ).toEqual([]);
  });

  test('is a dead letter where it comes by Kafka', async () => {
    const { orderId } = await shop.payableOrder();
    try {
      const requestDto = { ...payBody(), shipment: { ...payBody().shipment, recipientName: 'a\u0000b' } };
      await broker.publish(TOPICS.orderProcessing, { orderId, userEmail: 'kim@example.com', requestDto });
    } finally {
      await broker.close();
    }
    await until(
      'the dead letter',
      () => shop.db('dead_letters').where({ order_id: orderId }).pluck('code'),
      (codes) => codes.length === 1,
    );
    expect(await shop.db('dead_letters').where({ order_id: orderId }).pluck('code')).toEqual(['WRONG_SCHEMA']);
    expect(await shop.status(orderId)).toMatchObject({ status: 'PENDING_PAYMENT' });
  });
});
