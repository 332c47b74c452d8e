import type { Kafka, KafkaConsumer } from '../../kafka-bridge/client/kafka-port';

const PATIENCE_MS = 20_000;

/** Reads a topic as any other system would, and hands out the record of an order. */
export class TopicReader {
  private readonly found = new Map<string, string>();
  private readonly awaited = new Map<string, (value: string) => void>();
  private consumer: KafkaConsumer | undefined;

  private constructor(readonly topic: string) {}

  /** Joins a group of its own; what is in the topic already is read too. */
  static async open(kafka: Kafka, topic: string, groupId: string): Promise<TopicReader> {
    const reader = new TopicReader(topic);
    reader.consumer = await kafka.consume({
      groupId,
      topics: [topic],
      partitionsAtOnce: 1,
      async onBatch({ records, commitThrough }) {
        for (const { key, value } of records) reader.take(key?.toString() ?? '', value?.toString() ?? '');
        const last = records.at(-1);
        if (last) await commitThrough(last.offset);
      },
    });
    return reader;
  }

  /** The value of the order's record, as text; throws when none comes within 20 s. */
  recordOf(orderId: number): Promise<string> {
    const key = String(orderId);
    const here = this.found.get(key);
    if (here !== undefined) return Promise.resolve(here);
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`expected a record of order ${key} in ${this.topic}, and none came in 20 s`));
      const timer = setTimeout(late, PATIENCE_MS);
      this.awaited.set(key, (value) => {
        clearTimeout(timer);
        resolve(value);
      });
    });
  }

  async close(): Promise<void> {
    await this.consumer?.stop();
  }

  private take(key: string, value: string): void {
    this.found.set(key, value);
    this.awaited.get(key)?.(value);
  }
}
