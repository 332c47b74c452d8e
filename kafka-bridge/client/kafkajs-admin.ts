import { type Admin, type ConfigEntries, ConfigResourceTypes, ConfigSource, type Kafka as KafkaJs } from 'kafkajs';
import { DEAD_LETTER_MAX_BYTES, deadLetterTopic } from '../../contracts/dead-letters';
import type { KafkaAdmin, PartitionLag, TopicRetention } from './kafka-port';

interface WantedTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

const MAX_BYTES = 'max.message.bytes';
const DAY_MS = 24 * 60 * 60_000;
const PARTITIONS = 3;

/**
 * Every topic with its dead-letter topic. Retention deletes whole segments, so that these are cut daily or more often: a
 * record is deleted a day late at most. Without a retention: the configuration without which records are not taken.
 */
function wantedTopics(topics: readonly string[], retention?: TopicRetention): WantedTopic[] {
  const keep = (ms: number | undefined): WantedTopic['config'] =>
    ms === undefined ? {} : { 'retention.ms': String(ms), 'segment.ms': String(Math.min(ms, DAY_MS)) };
  return topics.flatMap((topic): WantedTopic[] => [
    { topic, partitions: PARTITIONS, config: keep(retention?.recordsMs) },
    {
      topic: deadLetterTopic(topic),
      partitions: 1,
      config: { [MAX_BYTES]: String(DEAD_LETTER_MAX_BYTES), ...keep(retention?.deadLettersMs) },
    },
  ]);
}

/** Opens an admin connection. */
export async function createAdmin(
  client: KafkaJs,
  replicationFactor: number,
  retry: { readonly retries?: number } = {},
): Promise<KafkaAdmin> {
  const admin = client.admin({ retry });
  await admin.connect();
  return {
    ensureTopics: (topics, retention) => ensureTopics(admin, replicationFactor, wantedTopics(topics, retention)),
    async topicsMismatch(topics) {
      // Not their retention: everything works with another, and the next `migrate` sets it.
      const { missing, narrow, misconfigured } = await compare(admin, wantedTopics(topics));
      const wrong = [
        ...missing.map(({ topic }) => `${topic} is missing`),
        ...narrow.map(({ topic, partitions }) => `${topic} has fewer than ${partitions} partitions`),
        ...misconfigured.map(({ topic }) => `${topic} does not take ${DEAD_LETTER_MAX_BYTES} bytes`),
      ];
      return wrong.length === 0 ? undefined : `Kafka: ${wrong.join(', ')}: run \`npm run migrate\``;
    },
    lag: (groupId, topic) => lag(admin, groupId, topic),
    close: () => admin.disconnect(),
  };
}

async function ensureTopics(
  admin: Admin,
  replicationFactor: number,
  wanted: readonly WantedTopic[],
): Promise<string[]> {
  const { missing, narrow, misconfigured } = await compare(admin, wanted);
  if (missing.length > 0) {
    await admin.createTopics({
      waitForLeaders: true,
      topics: missing.map(({ topic, partitions, config }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor,
        configEntries: entries(config),
      })),
    });
  }
  if (narrow.length > 0) {
    await admin.createPartitions({
      topicPartitions: narrow.map(({ topic, partitions }) => ({ topic, count: partitions })),
    });
  }
  if (misconfigured.length > 0) {
    await admin.alterConfigs({
      validateOnly: false,
      resources: misconfigured.map(({ topic, config }) => ({
        type: ConfigResourceTypes.TOPIC,
        name: topic,
        configEntries: entries(config),
      })),
    });
  }
  return [
    ...missing.map(({ topic, partitions }) => `created ${topic} with ${partitions} partition(s)`),
    ...narrow.map(({ topic, partitions }) => `widened ${topic} to ${partitions} partitions`),
    ...misconfigured.map(({ topic }) => `configured ${topic}`),
  ];
}

const entries = (config: WantedTopic['config']) => Object.entries(config).map(([name, value]) => ({ name, value }));

interface Comparison {
  readonly missing: readonly WantedTopic[];
  readonly narrow: readonly WantedTopic[];
  /** With the whole configuration of each: an entry that is not sent falls back to the broker's default. */
  readonly misconfigured: readonly WantedTopic[];
}

async function compare(admin: Admin, wanted: readonly WantedTopic[]): Promise<Comparison> {
  const existing = new Set(await admin.listTopics());
  const missing = wanted.filter(({ topic }) => !existing.has(topic));
  const present = wanted.filter(({ topic }) => existing.has(topic));
  if (present.length === 0) return { missing, narrow: [], misconfigured: [] };
  const { topics } = await admin.fetchTopicMetadata({ topics: present.map(({ topic }) => topic) });
  const partitions = new Map(topics.map((topic) => [topic.name, topic.partitions.length]));
  const configs = await configsOf(admin, present);
  return {
    missing,
    narrow: present.filter((topic) => (partitions.get(topic.topic) ?? 0) < topic.partitions),
    misconfigured: present.flatMap((topic) => {
      const entries = configs.get(topic.topic) ?? [];
      const values = new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
      const changes = Object.entries(topic.config).filter(([name, value]) => !isEnough(name, values.get(name), value));
      const own = entries.filter(({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG);
      const config = {
        ...Object.fromEntries(own.map(({ configName, configValue }) => [configName, configValue])),
        ...Object.fromEntries(changes),
      };
      return changes.length > 0 ? [{ ...topic, config }] : [];
    }),
  };
}

/** A topic may have been made to take even larger records. */
function isEnough(name: string, value: string | undefined, wanted: string): boolean {
  return name === MAX_BYTES ? Number(value ?? 0) >= Number(wanted) : value === wanted;
}

async function configsOf(admin: Admin, wanted: readonly WantedTopic[]): Promise<Map<string, ConfigEntries[]>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: wanted.map(({ topic }) => ({ type: ConfigResourceTypes.TOPIC, name: topic })),
  });
  return new Map(resources.map(({ resourceName, configEntries }) => [resourceName, configEntries]));
}

async function lag(admin: Admin, groupId: string, topic: string): Promise<PartitionLag[]> {
  // One after the other: where the first fails, kafkajs would go on trying the second.
  const ends = await admin.fetchTopicOffsets(topic);
  const [group] = await admin.fetchOffsets({ groupId, topics: [topic] });
  const committed = new Map(group?.partitions.map(({ partition, offset }) => [partition, offset]));
  return ends.map(({ partition, high, low }) => {
    const at = committed.get(partition) ?? '-1';
    // Records that retention has deleted are no lag.
    const next = BigInt(at) < BigInt(low) ? low : at;
    return { partition, lag: Math.max(0, Number(high) - Number(next)), committed: next };
  });
}
