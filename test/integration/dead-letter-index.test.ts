import { randomBytes, randomUUID } from 'node:crypto';
import { CompressionCodecs, CompressionTypes, ConfigResourceTypes, ConfigSource, Partitioners } from 'kafkajs';
import type { DeadLetterGroup, DeadLetterView } from '../../contracts/responses/dead-letters';
import { deadLetterTopic, TOPICS } from '../../contracts/topics';
import { UnreadableBatchError } from '../../kafka-bridge/client/kafkajs-codecs';
import { rebuildDeadLetterIndex } from '../../kafka-bridge/dead-letters/index-dead-letters';
import { RECORD_RULES } from '../../kafka-bridge/handlers/record-rules';
import { createLogger } from '../../observability/logger';
import { eventOf, type WrittenRecord } from '../support/broker';
import { DeadLetterOperator } from '../support/dead-letter-operator';
import { Fixture } from '../support/fixture';
import { holdTopicConfigs } from '../support/locks';
import { metric } from '../support/metrics';
import { ourKafka } from '../support/our-kafka';
import type { RoleProcess } from '../support/role-process';
import { until } from '../support/until';

const OURS = deadLetterTopic(TOPICS.couponIssued);
const THEIRS = 'parcels-dlt';
const MISSING = 'no-such-topic-dlt';
/** The broker writes each batch of these anew, as a Java producer would have. */
const COMPRESSED = ['gzip', 'snappy', 'lz4', 'zstd'].map((codec) => [codec, `parcels-${codec}-dlt`] as const);

jest.setTimeout(120_000);

describe('the index of dead letters', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker([TOPICS.orderProcessing]);
  const operator = new DeadLetterOperator(shop);
  /** The bridge that indexes their topics, too. */
  let bridge: RoleProcess;

  beforeAll(async () => {
    await broker.makeTopic(THEIRS);
    for (const [compression, topic] of COMPRESSED) await broker.makeTopic(topic, { compression });
    const topics = [MISSING, THEIRS, ...COMPRESSED.map(([, topic]) => topic)];
    bridge = await fixture.another('bridge', shop.system, { FOREIGN_DEAD_LETTER_TOPICS: topics.join() });
  });

  const kafka = () => ourKafka(shop.system);
  const rebuild = (foreignDeadLetterTopics: readonly string[]) =>
    rebuildDeadLetterIndex(
      { db: shop.db, kafka: kafka(), records: RECORD_RULES, foreignDeadLetterTopics },
      createLogger('index', 'silent'),
    );

  const answerOf = (id: string) => operator.ask<DeadLetterView>('GET', `/${id}`);

  /** Writes dead letters in one batch, waits until the last of them is indexed, and shows them. */
  async function indexed(topic: string, ...records: readonly WrittenRecord[]): Promise<DeadLetterView[]> {
    const first = await broker.write(topic, ...records);
    const ids = records.map((_, index) => `${topic}/0/${first + BigInt(index)}`);
    await until(
      `${ids.at(-1)} to be indexed`,
      () => answerOf(ids.at(-1) as string),
      ({ status }) => status === 200,
    );
    return Promise.all(ids.map((id) => operator.show(id)));
  }

  test('takes dead letters of which no header is as it should be, and those behind them', async () => {
    const long = randomBytes(3_000).toString('base64');
    const deadLetters = await indexed(
      OURS,
      {
        key: 'nul',
        value: 'a',
        headers: {
          'ordersaga-code': 'A\u0000B',
          'kafka_dlt-original-topic': 'their\u0000.topic',
          'kafka_dlt-original-consumer-group': 'g\u0000',
          'kafka_dlt-exception-message': 'no\u0000thing',
          'ordersaga-decision': 'd\u0000',
        },
      },
      {
        key: 'numbers',
        value: 'b',
        headers: {
          'kafka_dlt-original-partition': Buffer.from([1, 2, 3, 4, 5]),
          'kafka_dlt-original-offset': '12345',
          'kafka_dlt-original-timestamp': Buffer.from([1, 2, 3, 4, 5, 6, 7]),
          'ordersaga-replay-count': 'many',
        },
      },
      {
        key: 'long',
        value: 'c',
        headers: {
          'ordersaga-code': long,
          'kafka_dlt-original-topic': long,
          'kafka_dlt-original-consumer-group': long,
          'ordersaga-decision': long,
          'ordersaga-replay-of': long,
        },
      },
      { key: 'sound', value: 'd' },
    );
    expect(deadLetters).toMatchObject([
      { key: 'nul', value: 'a', code: 'AB', topic: 'their.topic', consumerGroup: 'g', message: 'nothing' },
      { key: 'numbers', value: 'b', origin: { partition: -1, offset: '12345', at: null }, replayCount: 0 },
      { key: 'long', value: 'c', code: long.slice(0, 249), topic: long.slice(0, 249) },
      { key: 'sound', value: 'd', topic: TOPICS.couponIssued, origin: { partition: -1, offset: '-1' } },
    ]);
  });

  test('takes 4,000 dead letters that come in one batch', async () => {
    const key = `many-${randomUUID()}`;
    const first = await broker.write(OURS, ...Array.from({ length: 4_000 }, (_, at) => ({ key, value: String(at) })));
    const theirs = () => shop.db('dead_letters').where({ topic: OURS, key: Buffer.from(key) });
    await until(
      'all to be indexed',
      async () => Number((await theirs().count({ count: '*' }))[0]?.count),
      (count) => count === 4_000,
    );
    expect((await operator.show(`${OURS}/0/${first + 3_999n}`)).value).toBe('3999');
  });

  test('takes by position, key and value a dead letter that the database refuses, and those beside it whole', async () => {
    await shop.db.raw(`alter table dead_letters add constraint stubborn check (message <> 'stubborn') not valid`);
    try {
      const headers = (message: string) => ({ 'ordersaga-code': 'ODD', 'kafka_dlt-exception-message': message });
      const [before, stubborn, after] = await indexed(
        OURS,
        { key: 'before', value: 'a', headers: headers('sound') },
        { key: 'it', value: 'b', headers: headers('stubborn') },
        { key: 'after', value: 'c', headers: headers('sound') },
      );
      expect([before, after]).toMatchObject([{ code: 'ODD' }, { code: 'ODD' }]);
      expect(stubborn).toMatchObject({ key: 'it', value: 'b', code: null, message: null, topic: TOPICS.couponIssued });
      expect((await operator.decide(stubborn?.id ?? '', 'discard')).status).toBe(202);
    } finally {
      await shop.db.raw('alter table dead_letters drop constraint stubborn');
    }
  });

  test('keeps a key of 4,000 bytes byte for byte', async () => {
    const key = randomBytes(4_000);
    const value = JSON.stringify(eventOf({ orderId: 'none' }));
    await broker.write(TOPICS.orderProcessing, { key, value });
    const found = await until(
      'it to be indexed',
      () =>
        shop.db('dead_letters').where({ origin_topic: TOPICS.orderProcessing, key }).first('topic', 'record_offset'),
      (row) => row !== undefined,
    );
    const deadLetter = await operator.show(`${found.topic}/0/${found.record_offset}`);
    expect([deadLetter.code, deadLetter.keyBase64, deadLetter.value]).toEqual([
      'WRONG_SCHEMA',
      key.toString('base64'),
      value,
    ]);
  });

  test.each(COMPRESSED)('reads what was compressed with %s', async (_, topic) => {
    const value = 'compressible '.repeat(20_000);
    const deadLetters = await indexed(topic, { key: 'k', value: 'small' }, { key: null, value });
    expect(deadLetters.map((deadLetter) => [deadLetter.key, deadLetter.value])).toEqual([
      ['k', 'small'],
      [null, value],
    ]);
  });

  test('takes what died on a topic of ours that was compressed', async () => {
    const topic = TOPICS.stockDecreaseFailed;
    const release = await holdTopicConfigs(shop.db);
    const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
    const { resources } = await broker.admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
    // What is altered replaces all that was configured for the topic.
    const ofTopic = (resources[0]?.configEntries ?? []).filter(
      ({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG,
    );
    const before = ofTopic.map(({ configName, configValue }) => ({ name: configName, value: configValue }));
    const configure = (configEntries: typeof before) =>
      broker.admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] });
    const key = randomUUID();
    try {
      await configure([...before, { name: 'compression.type', value: 'lz4' }]);
      await broker.write(topic, { key, value: 'no JSON' });
      const [deadLetter] = await operator.deadLettersOf(topic, key);
      expect(deadLetter).toMatchObject({ code: 'NOT_JSON', value: 'no JSON' });
    } finally {
      await configure(before);
      await release();
    }
  });

  test('waits at a batch that is not what it says it is, reports it, and goes on when it can be read', async () => {
    const topic = 'parcels-lz4-dlt';
    const lz4 = CompressionCodecs[CompressionTypes.LZ4];
    const report = jest.fn();
    const read: string[] = [];
    await indexed(topic, { key: 'k', value: 'at last' });
    CompressionCodecs[CompressionTypes.LZ4] = () => ({
      decompress: () => Promise.reject(new UnreadableBatchError('for a test')),
    });
    const consumer = await kafka().consume({
      groupId: `test-${randomUUID()}`,
      topics: [topic],
      partitionsAtOnce: 1,
      onUnreadable: report,
      onBatch: async ({ records }) => {
        read.push(...records.map(({ value }) => String(value)));
      },
    });
    try {
      await until(
        'it to be reported',
        async () => report.mock.calls.length,
        (calls) => calls > 0,
        60_000,
      );
      expect(read).toEqual([]);
      CompressionCodecs[CompressionTypes.LZ4] = lz4;
      await until(
        'it to be read',
        async () => read,
        (values) => values.includes('at last'),
        60_000,
      );
    } finally {
      CompressionCodecs[CompressionTypes.LZ4] = lz4;
      await consumer.stop();
    }
  });

  test('goes on with the other topics where one is missing, and says so', async () => {
    const failing = (topic: string) => metric(bridge.url, 'ordersaga_dead_letter_index_failing', { topic });
    await indexed(THEIRS, { key: null, value: 'sound' });
    await until(
      'the missing one to be reported',
      () => failing(MISSING),
      (value) => value === 1,
    );
    expect([await failing(THEIRS), await failing(OURS), bridge.isRunning]).toEqual([0, 0, true]);
    expect((await fetch(`${bridge.url}/readyz`)).status).toBe(200);
  });

  test("groups another system's dead letters by their exceptions, and shows those", async () => {
    const key = `spring-${randomUUID()}`;
    const wrapper = 'org.springframework.kafka.listener.ListenerExecutionFailedException';
    const deadLetterRecord = (causes: Record<string, string>) => ({
      key,
      value: '{}',
      headers: { 'kafka_dlt-exception-fqcn': wrapper, 'kafka_dlt-original-topic': TOPICS.orderProcessing, ...causes },
    });
    const cause = 'java.lang.IllegalStateException';
    const stacktrace = `${cause}: no such parcel\n\tat com.example.Parcels.take(Parcels.java:42)`;
    const [deadLetter] = await indexed(
      THEIRS,
      deadLetterRecord({ 'kafka_dlt-exception-cause-fqcn': cause, 'kafka_dlt-exception-stacktrace': stacktrace }),
      deadLetterRecord({ 'kafka_dlt-exception-cause-fqcn': cause }),
      deadLetterRecord({}),
    );
    const groups = await operator.ask<DeadLetterGroup[]>('GET', `/groups?key=${key}`);
    expect(groups.body.data).toMatchObject([
      { code: cause, count: 2 },
      { code: wrapper, count: 1 },
    ]);
    expect(deadLetter?.headers).toMatchObject({
      'kafka_dlt-exception-cause-fqcn': [cause],
      'kafka_dlt-exception-stacktrace': [stacktrace],
    });
    expect((await operator.decide(deadLetter?.id ?? '', 'replay')).status).toBe(202);
    const [back] = await broker.untilRecords(TOPICS.orderProcessing, [key]);
    expect(Object.keys(back?.headers ?? {}).filter((name) => name.startsWith('kafka_dlt-'))).toEqual([]);
  });

  test('keeps up with transactions, whose marks are handed to nobody', async () => {
    await inTransaction('committed', (transaction) => transaction.commit());
    await inTransaction('aborted', (transaction) => transaction.abort());
    await until(
      'their group to be at the end',
      () => behind(`dead-letter-group.${THEIRS}`),
      (records) => records === 0,
    );
    const values = await shop
      .db('dead_letters')
      .where({ topic: THEIRS, key: Buffer.from('tx') })
      .pluck('value');
    expect(values.map(String)).toEqual(['committed']);
  });

  async function inTransaction(
    value: string,
    end: (transaction: { commit(): Promise<void>; abort(): Promise<void> }) => Promise<void>,
  ): Promise<void> {
    const producer = broker.client.producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      transactionalId: randomUUID(),
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await producer.connect();
    try {
      const transaction = await producer.transaction();
      await transaction.send({ topic: THEIRS, messages: [{ key: 'tx', value }] });
      await end(transaction);
    } finally {
      await producer.disconnect();
    }
  }

  async function behind(groupId: string): Promise<number> {
    const [[end], [group]] = await Promise.all([
      broker.admin.fetchTopicOffsets(THEIRS),
      broker.admin.fetchOffsets({ groupId, topics: [THEIRS] }),
    ]);
    return Number(end?.high) - Number(group?.partitions[0]?.offset);
  }

  test('rebuilt, is mended while it is in use, and keeps what its topic no longer has', async () => {
    const [gone, garbled, lost] = (
      await indexed(THEIRS, { key: 'k', value: 'a' }, { key: 'k', value: 'b' }, { key: 'k', value: 'c' })
    ).map(({ id }) => id) as [string, string, string];
    const command = { decisionId: randomUUID() };
    expect((await operator.decide(gone, 'discard', command)).status).toBe(202);
    await inTransaction('last', (transaction) => transaction.commit());

    const offsetOf = (id: string) => id.split('/')[2] as string;
    // Which makes kafkajs know the topic's leader.
    await broker.admin.fetchTopicOffsets(THEIRS);
    await broker.admin.deleteTopicRecords({ topic: THEIRS, partitions: [{ partition: 0, offset: offsetOf(garbled) }] });
    const row = (id: string) => shop.db('dead_letters').where({ topic: THEIRS, record_offset: offsetOf(id) });
    const before = await row(garbled);
    await row(garbled).update({ value: Buffer.from('x'), code: 'GARBLED', origin_topic: 'elsewhere' });
    await row(lost).delete();

    let isOver = false;
    const rebuilding = rebuild([THEIRS]).finally(() => {
      isOver = true;
    });
    const meanwhile = await until(
      'the rebuild to end',
      async () => (await operator.decide(gone, 'discard', command)).status,
      (status) => isOver || status !== 202,
      60_000,
    );
    await rebuilding;

    expect(meanwhile).toBe(202);
    expect(await row(garbled)).toEqual(before);
    expect((await operator.show(lost)).value).toBe('c');
    expect((await answerOf(gone)).body.data).toMatchObject({ state: 'DISCARDED', value: 'a' });
  });
});
