import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stackFolder } from '../../config/load';
import { DEAD_LETTER_HEADERS as H } from '../../contracts/dead-letters';
import type { DeadLetterView } from '../../contracts/responses/dead-letters';
import { deadLetterTopic, TOPICS } from '../../contracts/topics';
import { holdsCardNumber } from '../../domain/external-text';
import { eventOf, type SeenRecord, type WrittenRecord } from '../support/broker';
import { DeadLetterOperator, deadLetterRecord } from '../support/dead-letter-operator';
import { roleEnvironment } from '../support/environment';
import { Fixture } from '../support/fixture';
import { payBody } from '../support/shop';
import { tablesWith } from '../support/tables-with';
import { until } from '../support/until';

const PARTITION = 2;

describe('a record of another system that holds a card number', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker([TOPICS.orderProcessing, TOPICS.shipmentStatus].map(deadLetterTopic));
  const operator = new DeadLetterOperator(shop);

  const deadLetterAt = (topic: string, offset: bigint): Promise<SeenRecord> =>
    until(
      `the dead letter of ${topic} ${offset}`,
      async () =>
        broker
          .recordsOf(deadLetterTopic(topic))
          .find(
            ({ headers }) =>
              headers[H.originalOffset]?.readBigInt64BE() === offset &&
              headers[H.originalPartition]?.readInt32BE() === PARTITION,
          ) as SeenRecord,
      (deadLetter) => deadLetter !== undefined,
    );

  const indexed = (orderId: number, count = 1): Promise<DeadLetterView[]> =>
    until(
      `the dead letters of order ${orderId} to be indexed`,
      async () => {
        const rows = (await shop
          .db('dead_letters')
          .where({ order_id: orderId })
          .select('topic', 'partition', 'record_offset')) as {
          topic: string;
          partition: number;
          record_offset: number;
        }[];
        return Promise.all(rows.map((row) => operator.show(`${row.topic}/${row.partition}/${row.record_offset}`)));
      },
      (deadLetters) => deadLetters.length >= count,
    );

  const logs = () =>
    ['bridge', 'worker', 'api', 'relay'].map((role) =>
      readFileSync(join(stackFolder(roleEnvironment(shop.system)), 'role-logs', `${role}.log`), 'utf8'),
    );

  async function expectNowhere(card: string): Promise<void> {
    expect(await tablesWith(shop.db, card)).toEqual([]);
    for (const log of logs()) expect(log.includes(card)).toBe(false);
  }

  const paying = (orderId: number, more: object = {}, token = 'tok_visa') =>
    eventOf({ orderId, userEmail: 'kim@example.com', requestDto: payBody({ token }), ...more });
  const asRecord = (orderId: number, event: object): WrittenRecord => ({
    key: String(orderId),
    value: JSON.stringify(event),
  });

  const records: Readonly<Record<string, (orderId: number, card: string) => WrittenRecord>> = {
    'as its token': (orderId, card) => asRecord(orderId, paying(orderId, {}, card)),
    'in a field that nobody reads': (orderId, card) => asRecord(orderId, paying(orderId, { note: `card ${card}` })),
    'as a number': (orderId, card) => asRecord(orderId, paying(orderId, { card: Number(card) })),
    'in its key': (orderId, card) => ({ ...asRecord(orderId, paying(orderId)), key: card }),
    'in a header': (orderId, card) => ({ ...asRecord(orderId, paying(orderId)), headers: { note: card } }),
    'in what can not be read': (orderId, card) => ({ key: String(orderId), value: `{"token":"${card}"` }),
  };

  test.each(Object.keys(records))('%s: is dead without it, and it is in no table and no log', async (where) => {
    const { orderId } = await shop.payableOrder();
    const card = aCardNumber();
    const record = records[where]?.(orderId, card) as WrittenRecord;
    const offset = await broker.write(TOPICS.orderProcessing, { ...record, partition: PARTITION });
    const deadLetter = await deadLetterAt(TOPICS.orderProcessing, offset);
    expect(deadLetter.headers[H.code]?.toString()).toBe('CARD_NUMBER');
    const value = Buffer.from(deadLetter.value?.toString() ?? '', 'base64').toString();
    expect(JSON.parse(value)).toMatchObject({
      ...{ withheld: 'CARD_NUMBER', topic: TOPICS.orderProcessing, partition: PARTITION, offset: String(offset) },
    });
    const all = [deadLetter.key, value, ...Object.values(deadLetter.headers)].map(String).join();
    expect(all).not.toContain(card);
    expect(all).not.toContain(Buffer.from(card).toString('base64').slice(0, 20));
    expect(await shop.db('processing_requests').where({ order_id: orderId })).toEqual([]);
    if (where !== 'in what can not be read') expect(await indexed(orderId)).toMatchObject([{ code: 'CARD_NUMBER' }]);
    await expectNowhere(card);
    await shop.pay(orderId);
    await shop.reaches(orderId, 'PREPARING');
  });

  test('is sent back only with another value, which holds none either', async () => {
    const { orderId } = await shop.payableOrder();
    const card = aCardNumber();
    await broker.write(TOPICS.orderProcessing, asRecord(orderId, paying(orderId, {}, card)));
    const [deadLetter] = (await indexed(orderId)) as [DeadLetterView];
    expect(await operator.decide(deadLetter.id, 'replay')).toMatchObject({
      status: 422,
      body: { code: 'VALUE_MISSING' },
    });
    for (const override of [false, true]) {
      const value = JSON.stringify(paying(orderId, { note: card }));
      const refused = await operator.decide(deadLetter.id, 'replay', { value, override });
      expect(refused).toMatchObject({ status: 422, body: { code: 'VALUE_INVALID' } });
      expect(JSON.stringify(refused.body)).not.toContain(card);
    }
    const sent = await operator.decide(deadLetter.id, 'replay', { value: JSON.stringify(paying(orderId)) });
    expect(sent.status).toBeLessThan(300);
    await shop.reaches(orderId, 'PREPARING');
    await expectNowhere(card);
  });

  test('does not wait behind another dead letter of its key, where it would be kept', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId);
    await shop.reaches(orderId, 'PREPARING');
    const card = aCardNumber();
    const key = String(orderId);
    const shipmentEvent = eventOf({ orderId, status: 'IN_TRANSIT', note: card });
    await broker.write(TOPICS.shipmentStatus, { key, value: '{', partition: PARTITION });
    const offset = await broker.write(TOPICS.shipmentStatus, {
      ...asRecord(orderId, shipmentEvent),
      partition: PARTITION,
    });
    expect((await deadLetterAt(TOPICS.shipmentStatus, offset)).headers[H.code]?.toString()).toBe('CARD_NUMBER');
    const [withheld] = (await indexed(orderId)) as [DeadLetterView];
    await expectNowhere(card);

    const { note: _card, ...mended } = shipmentEvent;
    await operator.decide(withheld.id, 'replay', { value: JSON.stringify(mended) });
    const [first] = (await operator.deadLettersOf(TOPICS.shipmentStatus, key)) as [DeadLetterView];
    const unread = [first, withheld].find(({ code }) => code === 'NOT_JSON') ?? first;
    await operator.decide(unread.id, 'discard');
    await shop.reaches(orderId, 'IN_TRANSIT');
  });

  test('stays out of the index where its dead letter has it, as an older one may', async () => {
    const { orderId } = await shop.payableOrder();
    const card = aCardNumber();
    const original = {
      ...{ topic: TOPICS.orderProcessing, partition: PARTITION, offset: '4000000007', timestamp: '1767229200000' },
      ...{
        key: Buffer.from(String(orderId)),
        value: Buffer.from(JSON.stringify(paying(orderId, {}, card))),
        headers: {},
      },
    };
    const group = 'order-processing-group';
    const deadLetter = deadLetterRecord(original, { code: 'WRONG_SCHEMA', message: `token: ${card}`, group });
    await broker.write(deadLetterTopic(TOPICS.orderProcessing), deadLetter);
    const [shown] = (await indexed(orderId)) as [DeadLetterView];
    expect(shown).toMatchObject({ code: 'WRONG_SCHEMA', message: null, orderId });
    expect(shown.value).toContain('"withheld":"CARD_NUMBER"');
    await expectNowhere(card);
  });
});

/** A number of a card that no other test writes. */
function aCardNumber(): string {
  const body = `4${String(Math.random()).slice(2).padEnd(14, '7').slice(0, 14)}`;
  const numbers = Array.from({ length: 10 }, (_, last) => `${body}${last}`);
  return numbers.find((number) => holdsCardNumber(number)) as string;
}
