import { randomUUID } from 'node:crypto';
import type { SagaDecided, SagaDetails } from '../../contracts/responses/sagas';
import { TOPICS } from '../../contracts/topics';
import { eventOf } from '../support/broker';
import { DeadLetterOperator } from '../support/dead-letter-operator';
import { Fixture } from '../support/fixture';
import { ordersaga } from '../support/operator-command';
import { unannouncedOrder } from '../support/processing';
import { until } from '../support/until';

describe("an order's saga details", () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker();

  const sagaDetailsOf = async (orderId: number) =>
    (await shop.operate<SagaDetails>('GET', `/sagas/${orderId}`)).body.data;
  const screenOf = async (orderId: number) => {
    const env = { ORDERSAGA_API: shop.system.api, ORDERSAGA_TOKEN: await shop.operatorToken() };
    return (await ordersaga(['saga', 'show', String(orderId)], env)).stdout.toString();
  };

  test('show its dead letters, also one that can not be read, and what waits behind', async () => {
    const { orderId } = await shop.payableOrder();
    const shipmentEvent = JSON.stringify(eventOf({ orderId, status: 'IN_TRANSIT' }));
    const key = String(orderId);
    const operator = new DeadLetterOperator(shop);
    await broker.write(TOPICS.couponIssue, { key, value: 'of another that has this key' });
    await operator.deadLettersOf(TOPICS.couponIssue, key);
    await broker.write(
      TOPICS.shipmentStatus,
      { key, value: '{' },
      { key, value: shipmentEvent },
      { key, value: shipmentEvent },
    );
    const [deadLetter] = await operator.deadLettersOf(TOPICS.shipmentStatus, key);
    const id = deadLetter?.id as string;
    const details = await until(
      'both to wait',
      () => sagaDetailsOf(orderId),
      ({ waitingRecords }) => waitingRecords === 2,
    );
    expect(details.deadLetters).toMatchObject([{ id, code: 'NOT_JSON', action: null }]);
    const screen = await screenOf(orderId);
    expect(screen).toContain(`undecided: ordersaga dlt show ${id} (NOT_JSON)`);
    expect(screen).toContain('2 later records of the order wait behind it');

    await operator.decide(id, 'discard');
    const after = await until(
      'no record to wait',
      () => sagaDetailsOf(orderId),
      ({ waitingRecords }) => waitingRecords === 0,
    );
    expect(after.deadLetters).toMatchObject([{ id, action: 'DISCARD' }]);
  });

  test('show who released the key behind its dead letter', async () => {
    const { orderId } = await shop.payableOrder();
    const release = { actor: 'operator:lee', reason: 'its topic was made anew' };
    for (const topic of [TOPICS.shipmentStatus, TOPICS.couponIssue])
      await shop
        .db('line_releases')
        .insert({ decision_id: `${topic}-${orderId}`, topic, key: Buffer.from(String(orderId)), ...release });
    const { releases } = await sagaDetailsOf(orderId);
    expect(releases).toMatchObject([{ ...release, decisionId: `${TOPICS.shipmentStatus}-${orderId}` }]);
    expect(await screenOf(orderId)).toContain('operator:lee: records behind its dead letter (its topic was made anew)');
  });

  test('show when its payment is tried again', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { token: 'tok_unavailable' });
    const { retryAt } = await until(
      'a retry to be due',
      () => sagaDetailsOf(orderId),
      (details) => details.retryAt !== undefined,
    );
    expect(Math.abs(Date.parse(retryAt as string) - Date.now())).toBeLessThan(30_000);
  });

  test('show no retry that the end of its order has closed', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { token: 'tok_unavailable' });
    const delayed = shop.db('outbox').where({ topic: TOPICS.orderRetry, key: String(orderId), published_at: null });
    const later = new Date(Date.now() + 3_600_000);
    await until(
      'its retry to be put off',
      () => delayed.clone().update({ available_at: later }),
      (rows) => rows === 1,
    );
    expect((await sagaDetailsOf(orderId)).retryAt).toBe(later.toISOString());
    await shop.call('POST', `/api/orders/${orderId}/cancel`, { body: { reason: 'too late' } });
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    expect((await sagaDetailsOf(orderId)).retryAt).toBeUndefined();
    expect(await delayed.clone().delete()).toBe(1);
  });

  test('ends by compensate also where its workflow has never begun', async () => {
    const sku = await shop.product(5);
    const orderId = await unannouncedOrder(shop, sku, 2);
    const command = { decisionId: randomUUID(), reason: 'its event was discarded' };
    const compensate = () => shop.operate<SagaDecided>('POST', `/sagas/${orderId}/compensate`, command);
    expect((await compensate()).status).toBe(202);
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    expect((await compensate()).status).toBe(202);
    expect((await sagaDetailsOf(orderId)).order.reason).toBe('CANCELLED_BY_OPERATOR');
    expect(await shop.stock(sku)).toEqual({ free: 5, held: 0, sold: 0 });
  });
});
