import { randomUUID } from 'node:crypto';
import { DEAD_LETTER_HEADERS as HEADERS } from '../../contracts/dead-letters';
import { CONSUMED, deadLetterTopic, TOPICS } from '../../contracts/topics';
import { eventOf, type SeenRecord, type WrittenRecord } from '../support/broker';
import { unannouncedCouponRequest } from '../support/coupons';
import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { recordOutcomes } from '../support/metrics';
import { processingEvent, stockEvent, unannouncedOrder } from '../support/processing';
import { refuseRows } from '../support/triggers';
import { until } from '../support/until';

type ConsumedTopic = (typeof CONSUMED)[number]['topic'];

interface GoodRecord {
  readonly event: object;
  readonly key: string;
  readonly isDone: () => Promise<unknown>;
}

/** The broker takes 1,048,588 bytes a batch; this leaves room for the batch's own fields only. */
const JUST_UNDER_THE_LIMIT = 1_048_576 - 128;
const UNKNOWN_ORDER = 900_000_000_001;
const PARTITION = 1;

describe('dead letters', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker([...CONSUMED.map(({ topic }) => deadLetterTopic(topic)), TOPICS.orderRetry]);

  const ofOrder = (orderId: number, event: object, isDone: () => Promise<unknown>): GoodRecord => ({
    event,
    key: String(orderId),
    async isDone() {
      await isDone();
      await expectLedgersToBalance(shop, orderId);
    },
  });

  /** A good record of each topic, and what shows that it was worked on. */
  const good: Readonly<Record<ConsumedTopic, () => Promise<GoodRecord>>> = {
    'stock.decrease.requested': async () => {
      const sku = await shop.product(5);
      const orderId = await unannouncedOrder(shop, sku);
      return ofOrder(orderId, stockEvent(orderId, sku), () => shop.reaches(orderId, 'PENDING_PAYMENT'));
    },
    'stock.decrease.failed': async () => {
      const { orderId } = await shop.payableOrder();
      return ofOrder(orderId, { orderId, reason: 'recount' }, () => shop.reaches(orderId, 'CANCELLED'));
    },
    'order-processing-topic': async () => {
      const { orderId } = await shop.payableOrder();
      return ofOrder(orderId, processingEvent(orderId), () => shop.reaches(orderId, 'PREPARING'));
    },
    'order-retry-topic': async () => {
      const { orderId } = await shop.payableOrder();
      const event = { ...processingEvent(orderId), retryCount: 1 };
      return ofOrder(orderId, event, () => shop.reaches(orderId, 'PREPARING'));
    },
    'shipment.status': async () => {
      const { orderId } = await shop.payableOrder();
      await shop.pay(orderId);
      await shop.reaches(orderId, 'PREPARING');
      return ofOrder(orderId, { orderId, status: 'IN_TRANSIT' }, () => shop.reaches(orderId, 'IN_TRANSIT'));
    },
    'coupon.issue': async () => {
      const event = await unannouncedCouponRequest(shop, await shop.coupon(1));
      return { event, key: event.requestId, isDone: () => shop.couponRequestIs(event.requestId, 'ISSUED') };
    },
  };

  const deadLetterAt = (topic: string, offset: bigint) =>
    until(
      `the dead letter of ${topic} ${offset}`,
      async () =>
        broker.recordsOf(deadLetterTopic(topic)).filter(({ headers }) => {
          const at = headers[HEADERS.originalOffset]?.readBigInt64BE();
          return at === offset && headers[HEADERS.originalPartition]?.readInt32BE() === PARTITION;
        }),
      (deadLetters) => deadLetters.length > 0,
    );

  test.each(CONSUMED)(
    '$topic: poison of each kind goes there byte for byte, and the good records around it go on',
    async ({ topic, groupId }) => {
      const [before, between, after] = [await good[topic](), await good[topic](), await good[topic]()];
      const goodRecord = ({ event, key }: GoodRecord) => ({ key, value: JSON.stringify(eventOf(event)) });
      await broker.untilCommitted(topic);
      const isDeadBefore = (await recordOutcomes(shop.system, topic)).dead;
      const kinds = poison(topic, before.event);

      const offsets = new Map<string, bigint>();
      const write = async (record: WrittenRecord) => broker.write(topic, { ...record, partition: PARTITION });
      await write(goodRecord(before));
      for (const [kind, { record }] of Object.entries(kinds)) {
        offsets.set(kind, await write(record));
        if (kind === 'null value') await write(goodRecord(between));
      }
      await write(goodRecord(after));

      for (const { isDone } of [before, between, after]) await isDone();
      await broker.untilCommitted(topic);
      for (const [kind, { record, code }] of Object.entries(kinds)) {
        const deadLetters = await deadLetterAt(topic, offsets.get(kind) as bigint);
        expect([kind, deadLetters.length]).toEqual([kind, 1]);
        expectDeadLetter(deadLetters[0] as SeenRecord, {
          topic,
          groupId,
          code,
          record,
          offset: offsets.get(kind) as bigint,
        });
      }
      expect((await recordOutcomes(shop.system, topic)).dead - isDeadBefore).toBe(Object.keys(kinds).length);
    },
  );

  test('a record that the database can not hold is dead, too', async () => {
    const { orderId } = await shop.payableOrder();
    const accept = await refuseRows(shop.db, 'insert on processing_requests', `new.order_id = ${orderId}`, '22023');
    try {
      const record = { key: String(orderId), value: JSON.stringify(eventOf(processingEvent(orderId))) };
      const offset = await broker.write(TOPICS.orderProcessing, { ...record, partition: PARTITION });
      const [deadLetter] = await deadLetterAt(TOPICS.orderProcessing, offset);
      expect(deadLetter?.headers[HEADERS.code]?.toString()).toBe('REFUSED_BY_DATABASE');
      expect(Buffer.from(deadLetter?.value?.toString() ?? '', 'base64').toString()).toBe(record.value);
      expect((await shop.status(orderId)).status).toBe('PENDING_PAYMENT');
    } finally {
      await accept();
    }
  });

  test('a request that Temporal refused has its dead letter, also where the bridge died before it was written', async () => {
    const { orderId } = await shop.payableOrder();
    const event = eventOf(processingEvent(orderId));
    await shop.db('processing_requests').insert({
      ...{ order_id: orderId, event_id: event.eventId, retry_count: 0, source: 'kafka', event: JSON.stringify(event) },
      ...{ state: 'SKIPPED', reason: 'Temporal refuses it' },
    });
    const record = { key: String(orderId), value: JSON.stringify(event), partition: PARTITION };
    const offset = await broker.write(TOPICS.orderProcessing, record);
    const [deadLetter] = await deadLetterAt(TOPICS.orderProcessing, offset);
    expect(deadLetter?.headers[HEADERS.code]?.toString()).toBe('REFUSED_BY_TEMPORAL');
  });

  test('retries that are used up: the event is dead, its order cancelled and the customer notified once', async () => {
    const { orderId, sku } = await shop.payableOrder(2, 5);
    await shop.pay(orderId, { token: 'tok_unavailable' });
    const view = await shop.reaches(orderId, 'CANCELLED', 'SETTLED', 120_000);
    expect(view.reason).toBe('RETRIES_EXHAUSTED');

    const first = (await shop
      .db('processing_requests')
      .where({ order_id: orderId, retry_count: 0 })
      .first('event')) as {
      event: { requestDto: Record<string, unknown> };
    };
    // The database has erased it by now.
    first.event.requestDto.paymentRequest = { method: 'CARD', token: 'tok_unavailable' };
    const retries = await broker.untilEvents(TOPICS.orderRetry, orderId, 2);
    expect(retries).toEqual([1, 2].map((retryCount) => ({ ...first.event, retryCount })));
    const [deadLetter] = await broker.untilRecords(deadLetterTopic(TOPICS.orderProcessing), [String(orderId)]);
    expect(JSON.parse(Buffer.from(deadLetter?.value?.toString() ?? '', 'base64').toString())).toEqual({
      ...first.event,
      retryCount: 2,
    });
    expect(deadLetter?.headers[HEADERS.code]?.toString()).toBe('RETRIES_EXHAUSTED');
    expect(deadLetter?.headers[HEADERS.originalTopic]?.toString()).toBe(TOPICS.orderRetry);

    const outcomes = await shop.db('notifications').where({ order_id: orderId }).pluck('outcome');
    expect(outcomes.filter((outcome) => outcome === 'CANCELLED')).toHaveLength(1);
    expect(await shop.stock(sku)).toEqual({ free: 5, held: 0, sold: 0 });
    expect(await shop.providers.capturedNet(orderId)).toBe(0);
    await expectLedgersToBalance(shop, orderId);
  });

  test('retries that are used up: the record is dead byte for byte, also where the bridge never noted that it was signalled', async () => {
    const { orderId } = await shop.payableOrder();
    const ofOrder = `new.order_id = ${orderId} and new.signalled_at is distinct from old.signalled_at`;
    const accept = await refuseRows(shop.db, 'update on processing_requests', ofOrder, '53300');
    try {
      const event = { ...eventOf(processingEvent(orderId, { token: 'tok_unavailable' })), retryCount: 2 };
      const value = JSON.stringify(event, null, 2);
      const record = { key: String(orderId), value, partition: PARTITION, headers: { producer: 'legacy-shop' } };
      const offset = await broker.write(TOPICS.orderRetry, record);
      expect((await shop.reaches(orderId, 'CANCELLED', 'SETTLED')).reason).toBe('RETRIES_EXHAUSTED');
      const [deadLetter] = await broker.untilRecords(deadLetterTopic(TOPICS.orderProcessing), [String(orderId)]);
      expect(Buffer.from(deadLetter?.value?.toString() ?? '', 'base64').toString()).toBe(value);
      expect(deadLetter?.headers.producer?.toString()).toBe('legacy-shop');
      expect(deadLetter?.headers[HEADERS.originalTopic]?.toString()).toBe(TOPICS.orderRetry);
      expect(deadLetter?.headers[HEADERS.originalPartition]?.readInt32BE()).toBe(PARTITION);
      expect(deadLetter?.headers[HEADERS.originalOffset]?.readBigInt64BE()).toBe(offset);
    } finally {
      await accept();
    }
    await broker.untilCommitted(TOPICS.orderRetry);
  });
});

/** Poison of each kind, each under a key of its own, behind which others may have to wait; the large one is a whole event of something that nobody knows. */
function poison(topic: ConsumedTopic, event: object): Record<string, { record: WrittenRecord; code: string }> {
  const [field, nobodys, code] =
    topic === 'coupon.issue' ? ['code', 'NO-SUCH', 'UNKNOWN_COUPON'] : ['orderId', UNKNOWN_ORDER, 'UNKNOWN_ORDER'];
  const unknown = { ...eventOf(event), requestId: randomUUID(), [field]: nobodys, padding: '' };
  const padding = 'x'.repeat(JUST_UNDER_THE_LIMIT - JSON.stringify(unknown).length);
  return {
    'not UTF-8': {
      record: { key: Buffer.from([0xff, 0x00]), value: Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x7d]) },
      code: 'NOT_UTF8',
    },
    'not JSON': { record: { key: 'k', value: '{"orderId": 1,' }, code: 'NOT_JSON' },
    'wrong schema': {
      record: { key: null, value: JSON.stringify({ ...eventOf(event), [field]: { seven: 7 } }) },
      code: 'WRONG_SCHEMA',
    },
    'null value': { record: { key: 'tombstone', value: null }, code: 'NO_VALUE' },
    empty: { record: { key: 'empty', value: Buffer.alloc(0) }, code: 'NOT_JSON' },
    'unreadable time': {
      record: { key: 'yesterday', value: JSON.stringify({ ...eventOf(event), eventCreatedAt: 'yesterday' }) },
      code: 'UNREADABLE_TIME',
    },
    'unknown, 1 MiB': { record: { key: String(nobodys), value: JSON.stringify({ ...unknown, padding }) }, code },
  };
}

function expectDeadLetter(
  deadLetter: SeenRecord,
  {
    topic,
    groupId,
    code,
    record,
    offset,
  }: { topic: string; groupId: string; code: string; record: WrittenRecord; offset: bigint },
): void {
  const bytes = (content: string | Buffer | null) => (content === null ? null : Buffer.from(content));
  const { headers } = deadLetter;
  expect(deadLetter.key).toEqual(bytes(record.key));
  expect(
    deadLetter.value && Buffer.from(deadLetter.value.toString(), 'base64').equals(bytes(record.value) as Buffer),
  ).toBe(record.value === null ? null : true);
  expect(headers[HEADERS.valueEncoding]?.toString()).toBe('base64');
  expect(headers[HEADERS.key]?.toString()).toBe(bytes(record.key)?.toString('base64'));
  expect(headers[HEADERS.originalTopic]?.toString()).toBe(topic);
  expect(headers[HEADERS.originalPartition]).toEqual(Buffer.from([0, 0, 0, PARTITION]));
  expect(headers[HEADERS.originalOffset]).toHaveLength(8);
  expect(headers[HEADERS.originalOffset]?.readBigInt64BE()).toBe(offset);
  expect(headers[HEADERS.originalTimestamp]).toHaveLength(8);
  expect(Math.abs(Number(headers[HEADERS.originalTimestamp]?.readBigInt64BE()) - Date.now())).toBeLessThan(120_000);
  expect(headers[HEADERS.originalTimestampType]?.toString()).toBe('CreateTime');
  expect(headers[HEADERS.originalConsumerGroup]?.toString()).toBe(groupId);
  expect(headers[HEADERS.exceptionFqcn]?.toString()).toBe('ordersaga.PoisonRecord');
  expect(headers[HEADERS.exceptionMessage]?.toString()).toMatch(new RegExp(`^${code}: `));
  expect(headers[HEADERS.code]?.toString()).toBe(code);
  expect(headers[HEADERS.replayCount]?.toString()).toBe('0');
}
