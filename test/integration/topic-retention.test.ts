import { ConfigResourceTypes } from 'kafkajs';
import { DEAD_LETTER_MAX_BYTES, deadLetterTopic, TOPICS } from '../../contracts/topics';
import type { KafkaAdmin } from '../../kafka-bridge/client/kafka-port';
import { Fixture } from '../support/fixture';
import { holdTopicConfigs } from '../support/locks';
import { ourKafka } from '../support/our-kafka';

const DAY_MS = 24 * 60 * 60_000;
const BY_DEFAULT = { recordsMs: 7 * DAY_MS, deadLettersMs: 90 * DAY_MS };
const OURS = Object.values(TOPICS);
const TOPIC = TOPICS.orderProcessing;
const DLT = deadLetterTopic(TOPICS.couponIssued);

describe('topics', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const broker = fixture.broker();
  let admin: KafkaAdmin;
  beforeAll(async () => {
    fixture.defer(await holdTopicConfigs(shop.db));
    admin = fixture.use(await ourKafka(shop.system).admin());
    fixture.defer(() => admin.ensureTopics(OURS, BY_DEFAULT));
  });

  async function configOf(topic: string, ...names: string[]): Promise<Record<string, string>> {
    const { resources } = await broker.admin.describeConfigs({
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
      await broker.admin.alterConfigs({
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
