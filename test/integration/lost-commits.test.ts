import { randomUUID } from 'node:crypto';
import { deadLetterTopic } from '../../contracts/topics';
import type { KafkaProducer } from '../../kafka-bridge/client/kafka-port';
import { BatchWorker } from '../../kafka-bridge/consumers/batch-worker';
import { PoisonRecord } from '../../kafka-bridge/consumers/poison';
import { RECORD_RULES } from '../../kafka-bridge/handlers/record-rules';
import { createLogger } from '../../observability/logger';
import { Metrics } from '../../observability/metrics';
import { Fixture } from '../support/fixture';
import { ourKafka } from '../support/our-kafka';
import { until } from '../support/until';

/** The group waits so long for those that do not join anew, and goes on without them: as long as the bridge asks for. */
const PUT_OUT_MS = 30_000;
const WITHIN_MS = 120_000;

jest.setTimeout(300_000);

describe('a commit that is refused, as the group has gone on without this process,', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker();
  const logger = createLogger('lost-commits', 'silent');

  /** Somebody joins the group, has all of it once it goes on without those that are busy, and leaves. */
  async function putOthersOut(groupId: string, topic: string): Promise<void> {
    const latecomer = broker.client.consumer({ groupId, rebalanceTimeout: PUT_OUT_MS });
    let hasJoined = false;
    latecomer.on(latecomer.events.GROUP_JOIN, () => {
      hasJoined = true;
    });
    try {
      await latecomer.connect();
      await latecomer.subscribe({ topics: [topic] });
      const running = latecomer.run({ eachMessage: async () => undefined });
      await until('the group to go on', async () => hasJoined, Boolean, WITHIN_MS);
      await running;
    } finally {
      await latecomer.disconnect();
    }
  }

  test('leads to no second dead letter where the partition comes back', async () => {
    const [topic, groupId] = [`poison-${randomUUID()}`, `group-${randomUUID()}`];
    await broker.makeTopic(topic);
    await broker.makeTopic(deadLetterTopic(topic));
    const kafka = ourKafka(shop.system);
    const producer = fixture.use(await kafka.producer());
    let sent = 0;
    const deadLetters: KafkaProducer = {
      ...producer,
      async send(to, records) {
        await producer.send(to, records);
        sent += 1;
        if (sent === 1) await putOthersOut(groupId, topic);
      },
    };
    const worker = new BatchWorker({
      subscription: {
        ...{ topic, groupId, partitionsAtOnce: 1, keysAtOnce: 32 },
        handle: () => Promise.reject(new PoisonRecord('NOT_JSON', 'by the test')),
      },
      ...{ db: shop.db, records: RECORD_RULES, deadLetters, metrics: new Metrics('bridge'), logger },
    });
    let joins = 0;
    const consumer = await kafka.consume({
      ...{ groupId, topics: [topic], partitionsAtOnce: 1 },
      onAssigned(assigned) {
        joins += 1;
        worker.assign(assigned[topic] ?? []);
      },
      onBatch: (batch) => worker.workOff(batch),
    });
    fixture.defer(() => consumer.stop());
    await broker.write(topic, { key: 'k', value: 'nonsense' });
    await until(
      'the record to be committed',
      async () => (await broker.admin.fetchOffsets({ groupId, topics: [topic] }))[0]?.partitions[0]?.offset,
      (offset) => offset === '1',
      2 * WITHIN_MS,
    );
    expect(joins).toBeGreaterThan(1);
    expect(await broker.countOf(deadLetterTopic(topic))).toBe(1);
  });
});
