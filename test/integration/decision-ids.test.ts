import { randomUUID } from 'node:crypto';
import { deadLetterTopic, TOPICS } from '../../contracts/topics';
import { eventOf } from '../support/broker';
import { DeadLetterOperator, deadLetterRecord } from '../support/dead-letter-operator';
import { Fixture } from '../support/fixture';
import { processingEvent } from '../support/processing';
import { shipmentUpdatesReceived } from '../support/shipment-updates';
import { until } from '../support/until';

describe('decisions about dead letters', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker();
  const operator = new DeadLetterOperator(shop);

  test('the same one sent five times at once is one, and each response says so', async () => {
    const { orderId } = await shop.payableOrder();
    await broker.write(TOPICS.orderProcessing, { key: String(orderId), value: '{' });
    const [deadLetter] = await operator.deadLettersOf(TOPICS.orderProcessing, String(orderId));
    const command = { decisionId: randomUUID(), value: JSON.stringify(eventOf(processingEvent(orderId))) };
    const responses = await Promise.all(
      Array.from({ length: 5 }, () => operator.decide(deadLetter?.id as string, 'replay', command)),
    );
    expect(responses.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
    await shop.reaches(orderId, 'PREPARING');
    expect(await shop.db('outbox').where({ topic: TOPICS.orderProcessing, key: String(orderId) })).toHaveLength(1);
  });

  test('two different ones at once: one is taken, the other response says which', async () => {
    const key = `two-${randomUUID()}`;
    await broker.write(TOPICS.orderProcessing, { key, value: '{' });
    const [deadLetter] = await operator.deadLettersOf(TOPICS.orderProcessing, key);
    const responses = await Promise.all([
      operator.decide(deadLetter?.id as string, 'discard'),
      operator.decide(deadLetter?.id as string, 'replay'),
    ]);
    expect(responses.map(({ status }) => status).sort()).toEqual([202, 409]);
    expect(responses.find(({ status }) => status === 409)?.body).toMatchObject({
      code: 'DEAD_LETTER_DECIDED',
      decisionId: expect.any(String),
    });
  });

  test('the same id for another value is another decision, and is refused', async () => {
    const { orderId } = await shop.payableOrder();
    await broker.write(TOPICS.orderProcessing, { key: String(orderId), value: '{' });
    const [deadLetter] = await operator.deadLettersOf(TOPICS.orderProcessing, String(orderId));
    const event = eventOf(processingEvent(orderId));
    const command = { decisionId: randomUUID(), value: JSON.stringify(event) };
    const replay = (more: object = {}) => operator.decide(deadLetter?.id as string, 'replay', { ...command, ...more });
    expect([(await replay()).status, (await replay()).status]).toEqual([202, 202]);
    const other = await replay({ value: JSON.stringify({ ...event, userEmail: 'lee@example.com' }) });
    expect([other.status, other.body.code]).toEqual([409, 'DECISION_ID_REUSED']);
  });

  test('is about the dead letter that was there: one that comes to its position in a topic made anew can be decided', async () => {
    const key = `anew-${randomUUID()}`;
    await broker.write(TOPICS.orderProcessing, { key, value: '{' });
    const id = (await operator.deadLettersOf(TOPICS.orderProcessing, key))[0]?.id as string;
    const [topic, partition, offset] = id.split('/');
    expect((await operator.decide(id, 'discard')).status).toBe(202);
    const row = () => shop.db('dead_letters').where({ topic, partition, record_offset: offset });
    const { dead_at: before } = (await row().first('dead_at')) as { dead_at: Date };
    try {
      await row().update({ dead_at: new Date(before.getTime() + 60_000) });
      expect(await operator.show(id)).toMatchObject({ state: 'WAITING' });
      expect((await operator.decide(id, 'discard')).status).toBe(202);
      expect((await operator.decide(id, 'discard')).body.code).toBe('DEAD_LETTER_DECIDED');
    } finally {
      await row().update({ dead_at: before });
    }
  });

  test('the event that informs others of a cancelled order can be sent back to them', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.call('POST', `/api/orders/${orderId}/cancel`, { body: { reason: 'changed my mind' } });
    await shop.reaches(orderId, 'CANCELLED');
    const value = JSON.stringify(eventOf({ orderId, from: 'PENDING_PAYMENT', to: 'CANCELLED' }));
    const [topic, key] = [TOPICS.orderStatusChanged, String(orderId)];
    const record = { topic, partition: 0, offset: '1', timestamp: '1', headers: {} };
    const deadLetter = deadLetterRecord(
      { ...record, key: Buffer.from(key), value: Buffer.from(value) },
      { code: 'REFUSED_BY_BROKER', message: 'too large' },
    );
    await broker.write(deadLetterTopic(topic), deadLetter);
    const [dead] = await operator.deadLettersOf(topic, key);
    expect((await operator.decide(dead?.id as string, 'replay')).status).toBe(202);
  });

  test("an order's event keeps the order's key, whatever else it calls a requestId", async () => {
    const { orderId } = await shop.payableOrder();
    await broker.write(TOPICS.shipmentStatus, { key: String(orderId), value: '{' });
    const [deadLetter] = await operator.deadLettersOf(TOPICS.shipmentStatus, String(orderId));
    const shipmentEvent = {
      ...eventOf({ orderId, status: 'IN_TRANSIT', eventId: `${orderId}-1` }),
      requestId: 'trace-1',
    };
    await operator.decide(deadLetter?.id as string, 'replay', { value: JSON.stringify(shipmentEvent) });
    const shown = await until(
      'the outcome',
      () => operator.show(deadLetter?.id as string),
      ({ decision }) => decision?.outcome !== undefined,
    );
    expect(shown.decision).toMatchObject({ outcome: 'processed', workflowId: `order-${orderId}` });
    expect(await shipmentUpdatesReceived(shop, orderId)).toEqual([`${orderId}-1`]);
  });

  test("one sent by override to a topic that is not there holds up nothing of the order's", async () => {
    const { orderId } = await shop.payableOrder();
    const topic = deadLetterTopic(TOPICS.orderStatusChanged);
    const headers = { 'kafka_dlt-original-topic': `theirs-${orderId}` };
    const offset = await broker.write(topic, { key: String(orderId), value: '{}', headers });
    const id = `${topic}/0/${offset}`;
    await until(
      'it to be indexed',
      () => operator.show(id),
      (deadLetter) => deadLetter !== undefined,
    );
    expect((await operator.decide(id, 'replay', { override: true })).status).toBe(202);
    await shop.pay(orderId);
    await shop.reaches(orderId, 'PREPARING');
    await shop
      .db('outbox')
      .where({ topic: `theirs-${orderId}` })
      .delete();
  });
});
