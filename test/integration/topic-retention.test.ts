import { ConfigResourceTypes, Kafka as KafkaJs, logLevel } from 'kafkajs';
import { loadSettings } from '../../config/load';
import { DEAD_LETTER_MAX_BYTES, deadLetterTopic, TOPICS } from '../../contracts/topics';
import type { KafkaAdmin } from '../../kafka-bridge/client/kafka-port';
import { createKafka } from '../../kafka-bridge/client/kafkajs-adapter';
import { createLogger } from '../../observability/logger';
import { roleEnvironment, sharedSystem } from '../support/environment';
import { holdTopicConfigs } from '../support/locks';
import { Shop } from '../support/shop';

const DAY_MS = 24 * 60 * 60_000;
const BY_DEFAULT = { recordsMs: 7 * DAY_MS, deadLettersMs: 90 * DAY_MS };
const OURS = Object.values(TOPICS);
const TOPIC = TOPICS.orderProcessing;
const DLT = deadLetterTopic(TOPICS.couponIssued);

describe('topics', () => {
  const system = sharedSystem();
  const raw = new KafkaJs({ brokers: system.kafka.split(','), logLevel: logLevel.NOTHING }).admin();
  const shop = new Shop(system);
  let admin: KafkaAdmin;
  let letGo: () => Promise<unknown>;
  beforeAll(async () => {
    letGo = await holdTopicConfigs(shop.db);
    await raw.connect();
    admin = await createKafka(loadSettings(roleEnvironment(system)), createLogger('test', 'silent')).admin();
  });
  afterAll(async () => {
    await admin.ensureTopics(OURS, BY_DEFAULT);
    await letGo();
    await Promise.all([admin.close(), raw.disconnect(), shop.close()]);
  });

  async function configOf(topic: string, ...names: string[]): Promise<Record<string, string>> {
    const { resources } = await raw.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: names }],
    });
    return Object.fromEntries(
      (resources[0]?.configEntries ?? []).map(({ configName, configValue }) => [configName, configValue]),
    );
  }
  const RETENTION = ['retention.ms', 'segment.ms'];

  test('are migrated to keep records a week, and dead letters 90 days, in segments of a day', async () => {
    for (const topic of OURS) {
      expect(await configOf(topic, ...RETENTION)).toEqual({
        'retention.ms': String(7 * DAY_MS),
        'segment.ms': String(DAY_MS),
      });
      expect(await configOf(deadLetterTopic(topic), ...RETENTION)).toEqual({
        'retention.ms': String(90 * DAY_MS),
        'segment.ms': String(DAY_MS),
      });
    }
  });

  test('that exist are altered, and keep what else was configured; another retention keeps no role from starting', async () => {
    const theirs = { 'min.insync.replicas': '1', 'message.timestamp.type': 'CreateTime' };
    for (const name of [TOPIC, DLT])
      await raw.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: ConfigResourceTypes.TOPIC,
            name,
            configEntries: Object.entries({
              ...theirs,
              'max.message.bytes': String(2 * DEAD_LETTER_MAX_BYTES),
              'retention.ms': '-1',
            }).map(([configName, value]) => ({ name: configName, value })),
          },
        ],
      });
    expect(await admin.topicsMismatch(OURS)).toBeUndefined();
    const done = await admin.ensureTopics(OURS, { recordsMs: DAY_MS / 2, deadLettersMs: 8 * DAY_MS });
    expect(done).toEqual(expect.arrayContaining([`configured ${TOPIC}`, `configured ${DLT}`]));
    const kept = { ...theirs, 'max.message.bytes': String(2 * DEAD_LETTER_MAX_BYTES) };
    const names = [...Object.keys(kept), ...RETENTION];
    expect(await configOf(TOPIC, ...names)).toEqual({
      ...kept,
      'retention.ms': String(DAY_MS / 2),
      'segment.ms': String(DAY_MS / 2),
    });
    expect(await configOf(DLT, ...names)).toEqual({
      ...kept,
      'retention.ms': String(8 * DAY_MS),
      'segment.ms': String(DAY_MS),
    });
    expect(await admin.ensureTopics(OURS, { recordsMs: DAY_MS / 2, deadLettersMs: 8 * DAY_MS })).toEqual([]);
  });
});
