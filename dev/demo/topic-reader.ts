import type { Kafka } from '../../kafka-bridge/client/kafka-port';
import { poll } from '../poll';

const TIMEOUT_MS = 20_000;

/** A topic as any other system would read it. */
export interface TopicReader {
  readonly topic: string;
  /** The value of an order's record; throws when none comes within 20 s. */
  recordOf(orderId: number): Promise<string>;
  close(): Promise<void>;
}

/** Joins a group of its own and reads the topic from its beginning. */
export async function readTopic(kafka: Kafka, topic: string, groupId: string): Promise<TopicReader> {
  const values = new Map<string, string>();
  const consumer = await kafka.consume({
    groupId,
    topics: [topic],
    partitionsAtOnce: 1,
    async onBatch({ records, commitThrough }) {
      for (const { key, value } of records) values.set(String(key), String(value));
      const last = records.at(-1);
      if (last) await commitThrough(last.offset);
    },
  });
  return {
    topic,
    async recordOf(orderId) {
      const find = async () => values.get(String(orderId));
      const value = await poll(find, (found) => found !== undefined, TIMEOUT_MS);
      if (value === undefined)
        throw new Error(`expected a record of order ${orderId} in ${topic}, and none came in 20 s`);
      return value;
    },
    close: () => consumer.stop(),
  };
}
