import { TOPICS } from '../../contracts/topics';
import { FAST_DELAYS } from '../support/environment';
import { Fixture } from '../support/fixture';
import { expectAllSettled } from '../support/settled';
import { until } from '../support/until';

jest.setTimeout(240_000);

describe('a record that is lost between the relay and the bridge', () => {
  const fixture = new Fixture();
  const system = fixture.system('lost', { ...FAST_DELAYS, LOST_AFTER_MS: '3000' });
  const shop = fixture.shop(system);
  const broker = fixture.broker([], system);

  const published = (topic: string, key: string, count = 1) =>
    until(
      `${count} record(s) of ${key} to be published to ${topic}`,
      () => shop.db('outbox').where({ topic, key }).whereNotNull('published_at').pluck('id'),
      (ids) => ids.length >= count,
    );

  const itemOf = (orderId: number) =>
    shop.db('operator_items').where({ order_id: orderId, kind: 'LOST_REQUEST' }).first('state', 'subject', 'cause');

  test('is sent again, and listed once newer ones get through; what only waits for its bridge is left alone', async () => {
    const sku = await shop.product(5);
    const waiting = await shop.order(sku);
    await shop.reaches(waiting, 'PENDING_PAYMENT', 'WAITING');
    await system.role('bridge').end('SIGTERM');
    expect((await shop.pay(waiting)).status).toBe(202);
    await published(TOPICS.orderProcessing, String(waiting));

    const lost = await shop.order(sku);
    const newer = await shop.order(sku);
    for (const orderId of [lost, newer]) await published(TOPICS.stockDecreaseRequested, String(orderId));
    await broker.skipAll(TOPICS.stockDecreaseRequested);
    await shop.db('orders').where({ id: newer }).update({ run_id: 'elsewhere' });
    await published(TOPICS.stockDecreaseRequested, String(lost), 2);
    await broker.skipAll(TOPICS.stockDecreaseRequested);
    const item = await until('the order to be listed', () => itemOf(lost), Boolean);
    expect(item).toEqual({ state: 'OPEN', subject: `order-${lost}/stock`, cause: 'RECORD_LOST' });
    expect(await shop.db('outbox').where({ topic: TOPICS.orderProcessing, key: String(waiting) })).toHaveLength(1);

    await system.startRole('bridge');
    await shop.reaches(lost, 'PENDING_PAYMENT', 'WAITING');
    await shop.reaches(waiting, 'PREPARING', 'WAITING');
    await until(
      'the item to heal',
      () => itemOf(lost),
      (healed) => healed?.state === 'HEALED',
    );
    await expectAllSettled(shop, [lost, waiting]);
  });

  test('is sent again for a payment and for a coupon', async () => {
    const { orderId } = await shop.payableOrder();
    await system.role('bridge').end('SIGTERM');
    const { requestId } = (await shop.askForCoupon(await shop.coupon(1))).body.data;
    expect((await shop.pay(orderId)).status).toBe(202);
    await published(TOPICS.orderProcessing, String(orderId));
    await published(TOPICS.couponIssue, requestId);
    await broker.skipAll(TOPICS.orderProcessing);
    await broker.skipAll(TOPICS.couponIssue);
    await system.startRole('bridge');
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    expect(await shop.providers.ledger(orderId)).toHaveLength(1);
    await shop.couponRequestIs(requestId, 'ISSUED');
    await expectAllSettled(shop, [orderId]);
  });

  test('is given up as a request once it was lost again and again: the customer is notified and can pay', async () => {
    const { orderId } = await shop.payableOrder();
    await system.role('bridge').end('SIGTERM');
    expect((await shop.pay(orderId)).status).toBe(202);
    const request = await shop.db('processing_requests').where({ order_id: orderId }).first('event_id as eventId');
    const subject = `order-${orderId}/${request.eventId}/0`;
    await published(TOPICS.orderProcessing, String(orderId));
    await shop.db('resends').insert({ subject, times: 5, last_at: new Date(0) });
    await broker.skipAll(TOPICS.orderProcessing);
    await until(
      'the request to be given up',
      () => shop.db('processing_requests').where({ order_id: orderId }).first('state', 'reason'),
      ({ state }) => state === 'SKIPPED',
    );
    expect(await itemOf(orderId)).toEqual({ state: 'OPEN', subject, cause: 'REQUEST_GIVEN_UP' });
    expect(await shop.db('notifications').where({ order_id: orderId }).pluck('outcome')).toEqual(['PAYMENT_FAILED']);
    await system.startRole('bridge');
    expect((await shop.pay(orderId)).status).toBe(202);
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    expect(await shop.providers.ledger(orderId)).toHaveLength(1);
  });
});
