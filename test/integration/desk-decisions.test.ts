import { randomUUID } from 'node:crypto';
import { deadLetterTopic, TOPICS } from '../../contracts/topics';
import { Broker, eventOf } from '../support/broker';
import { LetterDesk } from '../support/letter-desk';
import { parcelNewsHeard } from '../support/parcel-news';
import { processingEvent } from '../support/processing';
import { Shop } from '../support/shop';
import { until } from '../support/until';

describe('decisions at the desk for dead letters', () => {
  const shop = new Shop();
  let broker: Broker;
  let desk: LetterDesk;
  beforeAll(async () => {
    broker = await Broker.open(shop.system, []);
    desk = await LetterDesk.open(shop);
  });
  afterAll(() => Promise.all([shop.close(), broker.close()]));

  test('the same one sent five times at once is one, and each is told so', async () => {
    const { orderId } = await shop.payableOrder();
    await broker.write(TOPICS.orderProcessing, { key: String(orderId), value: '{' });
    const [letter] = await desk.lettersOf(TOPICS.orderProcessing, String(orderId));
    const wish = { decisionId: randomUUID(), value: JSON.stringify(eventOf(processingEvent(orderId))) };
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => desk.decide(letter?.id as string, 'replay', wish)),
    );
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
    await shop.reaches(orderId, 'PREPARING');
    expect(await shop.db('outbox').where({ topic: TOPICS.orderProcessing, key: String(orderId) })).toHaveLength(1);
  });

  test('two different ones at once: one is taken, the other is told which', async () => {
    const key = `two-${randomUUID()}`;
    await broker.write(TOPICS.orderProcessing, { key, value: '{' });
    const [letter] = await desk.lettersOf(TOPICS.orderProcessing, key);
    const answers = await Promise.all([
      desk.decide(letter?.id as string, 'discard'),
      desk.decide(letter?.id as string, 'replay'),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409]);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
      code: 'DEAD_LETTER_DECIDED',
      decisionId: expect.any(String),
    });
  });

  test("an order's event keeps the order's key, whatever else it calls a requestId", async () => {
    const { orderId } = await shop.payableOrder();
    await broker.write(TOPICS.shipmentStatus, { key: String(orderId), value: '{' });
    const [letter] = await desk.lettersOf(TOPICS.shipmentStatus, String(orderId));
    const news = { ...eventOf({ orderId, status: 'IN_TRANSIT', eventId: `${orderId}-1` }), requestId: 'trace-1' };
    await desk.decide(letter?.id as string, 'replay', { value: JSON.stringify(news) });
    const told = await until(
      'the outcome',
      () => desk.show(letter?.id as string),
      ({ decision }) => decision?.outcome !== undefined,
    );
    expect(told.decision).toMatchObject({ outcome: 'processed', workflowId: `order-${orderId}` });
    expect(await parcelNewsHeard(shop, orderId)).toEqual([`${orderId}-1`]);
  });

  test("one sent by override to a topic that is not there holds up nothing of the order's", async () => {
    const { orderId } = await shop.payableOrder();
    const topic = deadLetterTopic(TOPICS.orderStatusChanged);
    const headers = { 'kafka_dlt-original-topic': `theirs-${orderId}` };
    const offset = await broker.write(topic, { key: String(orderId), value: '{}', headers });
    const id = `${topic}/0/${offset}`;
    await until(
      'it to be indexed',
      () => desk.show(id),
      (letter) => letter !== undefined,
    );
    expect((await desk.decide(id, 'replay', { override: true })).status).toBe(202);
    await shop.pay(orderId);
    await shop.reaches(orderId, 'PREPARING');
    await shop
      .db('outbox')
      .where({ topic: `theirs-${orderId}` })
      .delete();
  });
});
