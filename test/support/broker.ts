import { randomUUID } from 'node:crypto';
import { type Admin, CompressionTypes, type Consumer, Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';
import { CONSUMED } from '../../contracts/topics';
import { registerCodecs } from '../../kafka-bridge/client/kafkajs-codecs';
import type { Running } from './environment';
import { Teardown } from './teardown';
import { until } from './until';

const BROKER_TAKES = 1_048_000;

/** A record as another system sees it. */
export interface SeenRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer>>;
}

export interface WrittenRecord {
  readonly key: string | Buffer | null;
  readonly value: string | Buffer | null;
  readonly partition?: number;
  readonly timestamp?: string;
  readonly headers?: Record<string, string | Buffer | string[]>;
}

type ConsumedTopic = (typeof CONSUMED)[number]['topic'];

registerCodecs();

/** Another system on the same broker: reads some topics from their beginning, in any codec, and writes what it likes. */
export class Broker {
  private readonly seen: SeenRecord[] = [];
  private readonly teardown = new Teardown();
  private connected: { readonly client: Kafka; readonly admin: Admin; readonly producer: Producer } | undefined;

  constructor(
    private readonly topics: readonly string[],
    private readonly system: Running,
  ) {}

  async start(): Promise<void> {
    const client = new Kafka({
      clientId: 'another-system',
      brokers: this.system.addresses.kafka.split(','),
      logLevel: logLevel.NOTHING,
      retry: { retries: 10 },
    });
    const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    const admin = client.admin();
    this.connected = { client, admin, producer };
    this.teardown.defer(() => Promise.all([admin.disconnect(), producer.disconnect()]));
    await Promise.all([admin.connect(), producer.connect()]);
    if (this.topics.length > 0)
      await this.read(client.consumer({ groupId: `test-${randomUUID()}`, maxWaitTimeInMs: 100 }));
  }

  close(): Promise<void> {
    return this.teardown.close();
  }

  get client(): Kafka {
    return this.connection.client;
  }

  get admin(): Admin {
    return this.connection.admin;
  }

  /** A topic that did not exist, of one partition. */
  async makeTopic(topic: string, options: { numPartitions?: number; compression?: string } = {}): Promise<void> {
    const { numPartitions = 1, compression } = options;
    const configEntries = compression ? [{ name: 'compression.type', value: compression }] : [];
    await this.admin.createTopics({ topics: [{ topic, numPartitions, configEntries }], waitForLeaders: true });
  }

  async dropTopic(topic: string): Promise<void> {
    await this.admin.deleteTopics({ topics: [topic] });
  }

  /** Moves the topic's group behind all that it has, as a careless reset of offsets does; the group must have no member. */
  async skipAll(topic: ConsumedTopic): Promise<void> {
    const ends = await this.admin.fetchTopicOffsets(topic);
    const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }));
    await this.admin.setOffsets({ groupId: groupOf(topic), topic, partitions });
  }

  /** Writes records in one batch, compressed if it is large; returns the offset of the first. */
  async write(topic: string, ...records: readonly WrittenRecord[]): Promise<bigint> {
    const isLarge = records.some(({ value }) => (value?.length ?? 0) > BROKER_TAKES);
    const compression = isLarge ? CompressionTypes.GZIP : CompressionTypes.None;
    const [written] = await this.connection.producer.send({ topic, acks: -1, compression, messages: [...records] });
    return BigInt(written?.baseOffset ?? -1);
  }

  /** Writes an event under its order's key; what it leaves out is filled in as a producer would. */
  async publish(topic: string, event: { orderId: number } & Record<string, unknown>, copies = 1): Promise<void> {
    const value = JSON.stringify(eventOf(event));
    await this.write(topic, ...Array.from({ length: copies }, () => ({ key: String(event.orderId), value })));
  }

  /** What has come of a topic until now: all of it, or the records under these keys. */
  recordsOf(topic: string, ...keys: readonly string[]): SeenRecord[] {
    const isMeant = ({ key }: SeenRecord) => keys.length === 0 || keys.includes(String(key));
    return this.seen.filter((record) => record.topic === topic && isMeant(record));
  }

  /** Waits until so many records under these keys have come; topics reach a consumer in no order between them. */
  untilRecords(topic: string, keys: readonly string[], count = 1, withinMs?: number): Promise<SeenRecord[]> {
    return until(
      `${count} records of ${topic} under ${keys.slice(0, 3).join(', ')}`,
      async () => this.recordsOf(topic, ...keys),
      (records) => records.length >= count,
      withinMs,
    );
  }

  /** The events of an order on a topic, as they came. */
  eventsOf(topic: string, orderId: number): Record<string, unknown>[] {
    return this.recordsOf(topic, String(orderId)).map(
      ({ value }) => JSON.parse(value?.toString() ?? 'null') as Record<string, unknown>,
    );
  }

  /** Waits until so many events of an order have come. */
  async untilEvents(topic: string, orderId: number, count: number): Promise<Record<string, unknown>[]> {
    await this.untilRecords(topic, [String(orderId)], count);
    return this.eventsOf(topic, orderId);
  }

  /** How many records a topic has now, whether they have come here yet or not. */
  async countOf(topic: string): Promise<number> {
    const partitions = await this.admin.fetchTopicOffsets(topic);
    return partitions.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
  }

  /** Waits until the topic's group has so many members and has shared out its partitions. */
  async untilMembers(topic: ConsumedTopic, count: number): Promise<void> {
    const groupId = groupOf(topic);
    await until(
      `${groupId} to have ${count} members`,
      async () => (await this.admin.describeGroups([groupId])).groups[0],
      (group) => group?.state === 'Stable' && group.members.length === count,
    );
  }

  /** Waits until the topic's group has committed everything that is in the topic now. */
  async untilCommitted(topic: ConsumedTopic, withinMs?: number): Promise<void> {
    const groupId = groupOf(topic);
    const ends = await this.admin.fetchTopicOffsets(topic);
    await until(
      `${groupId} to commit all of ${topic}`,
      async () => {
        const [group] = await this.admin.fetchOffsets({ groupId, topics: [topic] });
        const committed = new Map(group?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
        return ends.map(({ partition, high }) => Number(high) - Math.max(0, committed.get(partition) ?? 0));
      },
      (behind) => behind.every((records) => records <= 0),
      withinMs,
    );
  }

  private get connection() {
    if (!this.connected) throw new Error('not connected to the broker yet');
    return this.connected;
  }

  private async read(consumer: Consumer): Promise<void> {
    this.teardown.defer(() => consumer.disconnect());
    await consumer.connect();
    await consumer.subscribe({ topics: [...this.topics], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ topic, partition, message }) => {
        const { offset, timestamp, key, value } = message;
        const headers = Object.fromEntries(
          Object.entries(message.headers ?? {}).map(([name, bytes]) => [name, bytes as Buffer]),
        );
        this.seen.push({ topic, partition, offset, timestamp, key, value, headers });
      },
    });
  }
}

const groupOf = (topic: ConsumedTopic) => CONSUMED.find((consumed) => consumed.topic === topic)?.groupId as string;

/** A whole event, as another system writes it. */
export function eventOf<Event extends object>(event: Event) {
  return { eventId: randomUUID(), eventCreatedAt: new Date().toISOString(), schemaVersion: 1, ...event };
}
