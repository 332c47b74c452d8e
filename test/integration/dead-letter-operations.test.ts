import { randomUUID } from 'node:crypto';
import type { CouponIssueEvent } from '../../contracts/events';
import type { DeadLetterGroup, DeadLetterSummary, DeadLetterView } from '../../contracts/responses/dead-letters';
import { deadLetterTopic, TOPICS } from '../../contracts/topics';
import { couponWorkflowId, type ReplayProgress } from '../../contracts/workflow-api';
import { createKafka } from '../../kafka-bridge/client/kafkajs-adapter';
import { rebuildDeadLetterIndex } from '../../kafka-bridge/dead-letters/index-dead-letters';
import { RECORD_RULES } from '../../kafka-bridge/handlers/record-rules';
import { createLogger } from '../../observability/logger';
import { eventOf, type WrittenRecord } from '../support/broker';
import { unannouncedCouponRequest } from '../support/coupons';
import { DeadLetterOperator } from '../support/dead-letter-operator';
import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { processingEvent } from '../support/processing';
import { until } from '../support/until';

const PARTITION = 2;
/** So many that a replay of one a second is never over before it is stopped. */
const MORE_THAN_ENOUGH = 30;
const JUST_UNDER_THE_LIMIT = 1_048_576 - 128;

describe('operations on dead letters', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker([TOPICS.orderProcessing, TOPICS.couponIssue]);

  const operator = new DeadLetterOperator(shop);
  const replay = (id: string, command: object = {}) => operator.decide(id, 'replay', command);

  /** Writes a record that dies, and waits until it is indexed. */
  async function makeDeadLetter(topic: string, record: WrittenRecord): Promise<DeadLetterView> {
    return deadLetterAt(topic, await broker.write(topic, { ...record, partition: PARTITION }));
  }

  async function deadLetterAt(topic: string, offset: bigint): Promise<DeadLetterView> {
    const row = await until(
      `the dead letter of ${topic} ${offset}`,
      async () =>
        (await shop
          .db('dead_letters')
          .where({ origin_topic: topic, origin_partition: PARTITION, origin_offset: String(offset) })
          .first('topic', 'partition', 'record_offset')) as
          | { topic: string; partition: number; record_offset: number }
          | undefined,
      (found) => found !== undefined,
    );
    return operator.show(`${row?.topic}/${row?.partition}/${row?.record_offset}`);
  }

  /** Poison of each kind; each would be a good request to pay the order if its value were `good`. */
  const poison = (good: string): Record<string, { record: WrittenRecord; code: string }> => {
    const event = JSON.parse(good) as Record<string, unknown>;
    const unknown = { ...event, orderId: 900_000_000_002, padding: '' };
    const padding = 'x'.repeat(JUST_UNDER_THE_LIMIT - JSON.stringify(unknown).length);
    return {
      'not UTF-8': { record: { key: 'k', value: Buffer.from([0x7b, 0xff, 0x00, 0x7d]) }, code: 'NOT_UTF8' },
      'not JSON': { record: { key: 'k', value: '{"orderId": 1,' }, code: 'NOT_JSON' },
      'wrong schema': {
        record: { key: null, value: JSON.stringify({ ...event, orderId: 'x' }) },
        code: 'WRONG_SCHEMA',
      },
      'null value': { record: { key: Buffer.from([0xff, 0x00]), value: null }, code: 'NO_VALUE' },
      'unknown order, 1 MiB': {
        record: { key: 'k', value: JSON.stringify({ ...unknown, padding }) },
        code: 'UNKNOWN_ORDER',
      },
    };
  };

  test.each(['not UTF-8', 'not JSON', 'wrong schema', 'null value', 'unknown order, 1 MiB'])(
    '%s: indexed byte for byte, edited, sent back, and the order is paid',
    async (kind) => {
      const { orderId } = await shop.payableOrder();
      // Its mended value is as large as it was.
      const padding = kind.endsWith('1 MiB') ? 'x'.repeat(1_040_000) : '';
      const good = JSON.stringify({ ...eventOf(processingEvent(orderId)), padding });
      const { record, code } = poison(good)[kind] as { record: WrittenRecord; code: string };
      const deadLetter = await makeDeadLetter(TOPICS.orderProcessing, record);
      const base64 = (content: string | Buffer | null) =>
        content === null ? null : Buffer.from(content).toString('base64');
      expect(deadLetter).toMatchObject({
        state: 'WAITING',
        topic: TOPICS.orderProcessing,
        code,
        keyBase64: base64(record.key),
        valueBase64: base64(record.value),
        replayCount: 0,
        consumerGroup: 'order-processing-group',
      });

      const bad = await replay(deadLetter.id, { value: '{"orderId": "seven"}' });
      expect([bad.status, bad.body.code]).toEqual([422, 'VALUE_INVALID']);
      const dry = await replay(deadLetter.id, { value: good, dryRun: true });
      expect([dry.status, dry.body.data.state, dry.body.data.sends]).toMatchObject([
        200,
        'WAITING',
        { key: String(orderId), value: good },
      ]);
      expect((await replay(deadLetter.id, { value: good })).status).toBe(202);
      await shop.reaches(orderId, 'PREPARING');
      await expectLedgersToBalance(shop, orderId);
      const after = await until(
        'the outcome of the replay to be recorded',
        () => operator.show(deadLetter.id),
        ({ decision }) => decision?.outcome !== undefined,
      );
      expect(after).toMatchObject({
        state: 'REPLAYED',
        decision: { outcome: 'processed', workflowId: `order-${orderId}`, isEdited: true, reason: 'agreed by phone' },
      });
    },
  );

  test.each<[string, string, Partial<CouponIssueEvent>]>([
    ['the coupon of a good request', 'NOT_THE_REQUEST', { code: 'NO-SUCH' }],
    ['coupon and request', 'UNKNOWN_COUPON', { code: 'NO-SUCH', requestId: randomUUID() }],
    ['the request', 'UNKNOWN_COUPON_REQUEST', { requestId: randomUUID() }],
  ])('a request for a coupon that names %s wrongly: %s, edited, sent back, and issued', async (_, cause, wrong) => {
    const code = await shop.coupon(1);
    const event = await unannouncedCouponRequest(shop, code);
    const { requestId } = event;
    const [good, value] = [JSON.stringify(event), `${JSON.stringify({ ...event, ...wrong })} \n`];
    const deadLetter = await makeDeadLetter(TOPICS.couponIssue, { key: requestId, value });
    expect(deadLetter).toMatchObject({
      state: 'WAITING',
      topic: TOPICS.couponIssue,
      code: cause,
      key: requestId,
      value,
      valueBase64: Buffer.from(value).toString('base64'),
      requestId: wrong.requestId ?? requestId,
      consumerGroup: 'coupon-issue-group',
    });

    const { rank: _rank, ...withoutRank } = event;
    expect((await replay(deadLetter.id, { value: JSON.stringify(withoutRank) })).body.code).toBe('VALUE_INVALID');
    const sent = await replay(deadLetter.id, { value: good });
    expect([sent.status, sent.body.data.sends]).toMatchObject([202, { key: requestId, value: good }]);
    await shop.couponRequestIs(requestId, 'ISSUED');
    const workflowId = couponWorkflowId(requestId);
    expect(await (await shop.temporal()).workflow.getHandle(workflowId).result()).toBe('ISSUED');
    expect(await shop.db('coupons').where({ code }).first('issued')).toEqual({ issued: 1 });
    const { state, decision } = await until(
      'the outcome of the replay to be recorded',
      () => operator.show(deadLetter.id),
      (found) => found.decision?.outcome !== undefined,
    );
    expect([state, decision]).toMatchObject(['REPLAYED', { outcome: 'processed', workflowId, isEdited: true }]);
  });

  test('one that is sent back as it is and dies again is another dead letter, linked to it, and parked at last', async () => {
    const value = JSON.stringify(eventOf({ requestId: randomUUID(), userId: 'u', code: 'NO-SUCH', rank: 1 }));
    let deadLetter = await makeDeadLetter(TOPICS.couponIssue, { key: 'k', value });
    expect(deadLetter.code).toBe('UNKNOWN_COUPON');
    for (let count = 1; count <= 3; count++) {
      const before = deadLetter.id;
      expect((await replay(before)).status).toBe(202);
      const { decision } = await until(
        'it to die again',
        () => operator.show(before),
        (found) => found.decision?.diedAgainAs !== undefined && found.decision.outcome !== undefined,
      );
      expect(decision?.outcome).toBe('dead');
      deadLetter = await operator.show(decision?.diedAgainAs as string);
      expect(deadLetter).toMatchObject({ replayCount: count, replayOf: before, value });
    }
    expect(deadLetter.state).toBe('PARKED');
    expect((await replay(deadLetter.id)).body.code).toBe('REPLAYS_EXHAUSTED');
    expect((await replay(deadLetter.id, { override: true, dryRun: true })).status).toBe(200);
  });

  test('a decision is taken once: again under its id it is the same, under another id it is refused', async () => {
    const code = await shop.coupon(1);
    const event = await unannouncedCouponRequest(shop, code);
    const deadLetter = await makeDeadLetter(TOPICS.couponIssue, { key: event.requestId, value: '{' });
    const command = { decisionId: randomUUID(), value: JSON.stringify(event) };
    const responses = await Promise.all(Array.from({ length: 5 }, () => replay(deadLetter.id, command)));
    expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 202));
    expect((await replay(deadLetter.id, command)).status).toBe(202);
    expect((await replay(deadLetter.id)).body.code).toBe('DEAD_LETTER_DECIDED');
    const other = await makeDeadLetter(TOPICS.couponIssue, { key: 'k', value: '{' });
    expect((await replay(other.id, command)).body.code).toBe('DECISION_ID_REUSED');
    await shop.couponRequestIs(event.requestId, 'ISSUED');
    expect(await shop.db('outbox').where({ topic: TOPICS.couponIssue, key: event.requestId })).toHaveLength(1);
  });

  test('a record of a cancelled order is not sent back, and the reason is given', async () => {
    const { orderId } = await shop.payableOrder();
    const deadLetter = await makeDeadLetter(TOPICS.orderProcessing, { key: String(orderId), value: '{' });
    expect((await shop.call('POST', `/api/orders/${orderId}/cancel`, { body: { reason: 'too late' } })).status).toBe(
      202,
    );
    const value = JSON.stringify(eventOf(processingEvent(orderId)));
    const refused = await replay(deadLetter.id, { value, override: true });
    expect([refused.status, refused.body]).toMatchObject([
      409,
      { code: 'ORDER_CANCELLED', orderId, reason: 'CANCELLED_BY_CUSTOMER' },
    ]);
  });

  test('one is put aside for good, found by its key and counted by its cause', async () => {
    const key = `key-${randomUUID()}`;
    const deadLetter = await makeDeadLetter(TOPICS.orderProcessing, { key, value: 'no JSON' });
    const command = { decisionId: randomUUID(), reason: 'a test' };
    const found = async () => (await operator.ask<DeadLetterSummary[]>('GET', `?key=${key}`)).body.data;
    expect((await found()).map(({ id, state }) => [id, state])).toEqual([[deadLetter.id, 'WAITING']]);
    expect((await operator.ask('POST', `/${deadLetter.id}/discard`, { ...command, dryRun: true })).status).toBe(200);
    expect((await operator.ask('POST', `/${deadLetter.id}/discard`, command)).status).toBe(202);
    expect((await found()).map(({ state, decision }) => [state, decision?.action])).toEqual([['DISCARDED', 'DISCARD']]);
    expect((await replay(deadLetter.id, { value: '{}', override: true })).body.code).toBe('DEAD_LETTER_DECIDED');
    const groups = (await operator.ask<DeadLetterGroup[]>('GET', `/groups?key=${key}`)).body.data;
    expect(groups).toMatchObject([{ topic: TOPICS.orderProcessing, code: 'NOT_JSON', state: 'DISCARDED', count: 1 }]);
  });

  test('the index rebuilt from the topics is the same, and keeps what was decided', async () => {
    const deadLetter = await makeDeadLetter(TOPICS.orderProcessing, { key: 'k', value: 'no JSON, again' });
    await operator.ask('POST', `/${deadLetter.id}/discard`, { decisionId: randomUUID(), reason: 'a test' });
    const positionColumns = ['topic', 'partition', 'record_offset'];
    const positionOf = (row: Record<string, unknown>) => positionColumns.map((name) => row[name]).join('/');
    // Whole rows by their digests: a difference of megabytes could not be printed.
    const index = (): Promise<Record<string, unknown>[]> =>
      shop
        .db('dead_letters as l')
        .orderBy(positionColumns)
        .select(...positionColumns, 'dead_at', 'code', 'decision_id', 'turn', shop.db.raw('md5(l::text) as row'));
    const before = await index();
    const isThere = new Set(before.map(positionOf));
    const logger = createLogger('rebuild', 'silent');
    const kafka = createKafka(
      { KAFKA_BROKERS: [shop.system.kafka], KAFKA_TLS: false, KAFKA_REPLICATION_FACTOR: 1 },
      logger,
    );
    await rebuildDeadLetterIndex({ db: shop.db, kafka, records: RECORD_RULES, foreignDeadLetterTopics: [] }, logger);
    // What others sent back may have died since, and is indexed by the bridge.
    expect((await index()).filter((row) => isThere.has(positionOf(row)))).toEqual(before);
    expect((await operator.show(deadLetter.id)).state).toBe('DISCARDED');
  });

  test("another system's dead letter, raw as Spring writes it, is read as it is", async () => {
    const value = JSON.stringify({ some: 'event' });
    const headers = {
      'kafka_dlt-original-topic': 'their.topic',
      'kafka_dlt-exception-fqcn': 'java.lang.IllegalStateException',
      'kafka_dlt-exception-message': 'no such thing',
      'kafka_dlt-original-partition': Buffer.from([0, 0, 0, 2]),
      'kafka_dlt-original-offset': Buffer.from([0, 0, 0, 0, 0, 0, 0, 9]),
    };
    const offset = await broker.write(deadLetterTopic(TOPICS.orderStatusChanged), { key: 'theirs', value, headers });
    const id = `${deadLetterTopic(TOPICS.orderStatusChanged)}/0/${offset}`;
    const deadLetter = await until(
      'it to be indexed',
      () => operator.ask<DeadLetterView>('GET', `/${id}`),
      ({ status }) => status === 200,
    );
    expect(deadLetter.body.data).toMatchObject({
      state: 'WAITING',
      topic: 'their.topic',
      code: 'java.lang.IllegalStateException',
      message: 'no such thing',
      key: 'theirs',
      value,
      origin: { partition: 2, offset: '9' },
    });
    expect((await replay(id)).body.code).toBe('TOPIC_NOT_OURS');
  });

  test('a replay of many is one command: again under its decisionId it goes on, another command is refused', async () => {
    const key = `key-${randomUUID()}`;
    const record = { key, value: 'no JSON', partition: PARTITION };
    const first = await broker.write(TOPICS.couponIssue, ...Array.from({ length: MORE_THAN_ENOUGH }, () => record));
    await deadLetterAt(TOPICS.couponIssue, first + BigInt(MORE_THAN_ENOUGH - 1));
    const path = '/dead-letter-replays';
    const many = (body: object, how = '') => shop.operate('POST', `${path}${how}`, body);
    const decisionId = randomUUID();
    const command = { decisionId, reason: 'slowly', ratePerSecond: 1, filter: { key, topic: TOPICS.couponIssue } };
    const others = [
      { ...command, filter: { key } },
      { ...command, filter: { ...command.filter, deadBefore: new Date().toISOString() } },
      { ...command, ratePerSecond: 2 },
      { ...command, reason: 'for another reason' },
    ];
    const isOneRequest = async () => {
      const again = await many(command);
      expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([202, 'true']);
      for (const other of others) {
        const refused = await many(other);
        expect([refused.status, refused.body.code]).toEqual([409, 'DECISION_ID_REUSED']);
        expect((await many({ ...other, dryRun: true })).body.code).toBe('DECISION_ID_REUSED');
      }
    };
    const reaches = (state: ReplayProgress['state']) =>
      until(
        `the replay to be ${state}`,
        async () => (await shop.operate<ReplayProgress>('GET', `${path}/${decisionId}`)).body.data,
        (progress) => progress?.state === state,
      );

    expect((await many({ ...command, dryRun: true })).headers.get('idempotent-replayed')).toBeNull();
    const begun = await many(command);
    expect([begun.status, begun.headers.get('idempotent-replayed')]).toEqual([202, null]);
    const control = (how: string) => many({ decisionId: randomUUID(), reason: 'a test' }, `/${decisionId}/${how}`);
    await control('pause');
    await reaches('PAUSED');
    await isOneRequest();
    await control('cancel');
    const { replayed } = await reaches('CANCELLED');
    expect(replayed).toBeLessThan(MORE_THAN_ENOUGH);
    await isOneRequest();
    await until(
      'what was sent back to be dead again, and the rest to wait',
      async () => (await operator.ask<DeadLetterSummary[]>('GET', `?key=${key}&state=WAITING`)).body.data,
      (deadLetters) => deadLetters.length === MORE_THAN_ENOUGH,
    );
  });

  test('it is for operators', async () => {
    expect((await shop.call('GET', '/api/ops/dead-letters')).status).toBe(403);
    expect((await operator.ask('GET', `/${deadLetterTopic(TOPICS.couponIssue)}/0/999999999`)).body.code).toBe(
      'DEAD_LETTER_NOT_FOUND',
    );
    expect((await operator.ask('GET', '?state=NONSENSE')).status).toBe(400);
  });
});
