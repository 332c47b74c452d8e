import { type Admin, ConfigResourceTypes, type Kafka as KafkaJs } from 'kafkajs';
import { DEAD_LETTER_MAX_BYTES, deadLetterTopic, PARTITIONS, TOPICS } from '../contracts/topics';
import type { KafkaAdmin, PartitionLag } from './kafka-port';

interface WantedTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

/** Every topic with its dead letters; those are kept until somebody has worked on them. */
const WANTED: readonly WantedTopic[] = Object.values(TOPICS).flatMap((topic): WantedTopic[] => [
  { topic, partitions: PARTITIONS, config: {} },
  {
    topic: deadLetterTopic(topic),
    partitions: 1,
    config: { 'max.message.bytes': String(DEAD_LETTER_MAX_BYTES), 'retention.ms': '-1' },
  },
]);

/** Opens an admin connection. */
export async function createAdmin(
  client: KafkaJs,
  replicationFactor: number,
  retry: { readonly retries?: number } = {},
): Promise<KafkaAdmin> {
  const admin = client.admin({ retry });
  await admin.connect();
  return {
    ensureTopics: () => ensureTopics(admin, replicationFactor),
    async topicsMismatch() {
      const { missing, narrow, misconfigured } = await compare(admin);
      const wrong = [
        ...missing.map(({ topic }) => `${topic} is missing`),
        ...narrow.map(({ topic, partitions }) => `${topic} has fewer than ${partitions} partitions`),
        ...misconfigured.map(({ topic }) => `${topic} does not take ${DEAD_LETTER_MAX_BYTES} bytes`),
      ];
      return wrong.length === 0 ? undefined : `Kafka: ${wrong.join(', ')}: run \`npm run migrate\``;
    },
    lag: (groupId, topic) => lag(admin, groupId, topic),
    async ping() {
      await admin.describeCluster();
    },
    close: () => admin.disconnect(),
  };
}

async function ensureTopics(admin: Admin, replicationFactor: number): Promise<string[]> {
  const { missing, narrow, misconfigured } = await compare(admin);
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

async function compare(
  admin: Admin,
): Promise<{ missing: WantedTopic[]; narrow: WantedTopic[]; misconfigured: WantedTopic[] }> {
  const existing = new Set(await admin.listTopics());
  const present = WANTED.filter(({ topic }) => existing.has(topic));
  if (present.length === 0) return { missing: [...WANTED], narrow: [], misconfigured: [] };
  const { topics } = await admin.fetchTopicMetadata({ topics: present.map(({ topic }) => topic) });
  const partitions = new Map(topics.map((topic) => [topic.name, topic.partitions.length]));
  const configured = present.filter(({ config }) => 'max.message.bytes' in config);
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: configured.map(({ topic }) => ({
      type: ConfigResourceTypes.TOPIC,
      name: topic,
      configNames: ['max.message.bytes'],
    })),
  });
  const maxBytes = new Map(
    resources.map((resource) => [resource.resourceName, Number(resource.configEntries[0]?.configValue ?? 0)]),
  );
  return {
    missing: WANTED.filter(({ topic }) => !existing.has(topic)),
    narrow: present.filter((wanted) => (partitions.get(wanted.topic) ?? 0) < wanted.partitions),
    misconfigured: configured.filter(({ topic }) => (maxBytes.get(topic) ?? 0) < DEAD_LETTER_MAX_BYTES),
  };
}

async function lag(admin: Admin, groupId: string, topic: string): Promise<PartitionLag[]> {
  // One after the other: where the first fails, kafkajs would go on trying the second.
  const ends = await admin.fetchTopicOffsets(topic);
  const [group] = await admin.fetchOffsets({ groupId, topics: [topic] });
  const committed = new Map(group?.partitions.map(({ partition, offset }) => [partition, offset]));
  return ends.map(({ partition, high, low }) => {
    const at = committed.get(partition) ?? '-1';
    // What retention has taken meanwhile is nobody's to read any more.
    const next = BigInt(at) < BigInt(low) ? low : at;
    return { partition, lag: Math.max(0, Number(high) - Number(next)), committed: next };
  });
}
