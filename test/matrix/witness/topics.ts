import { randomUUID } from 'node:crypto';
import type { KafkaMessage } from 'kafkajs';
import { until } from '../../support/until';
import type { Outside } from './outside';

export interface TopicRecord extends Pick<KafkaMessage, 'offset' | 'key' | 'value' | 'headers'> {
  readonly topic: string;
  readonly partition: number;
}

/** Every record that a topic holds now, by partition in their order, as any consumer reads them. */
export async function recordsOf({ kafka }: Outside, topics: readonly string[]): Promise<TopicRecord[]> {
  const admin = kafka.admin();
  await admin.connect();
  const consumer = kafka.consumer({ groupId: `witness-${randomUUID()}`, maxWaitTimeInMs: 100 });
  try {
    /** By partition, the offset behind its last record. */
    const ends = new Map<string, number>();
    for (const topic of topics)
      for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
        if (Number(high) > Number(low)) ends.set(`${topic}/${partition}`, Number(high));
    const records: TopicRecord[] = [];
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ topic, partition, message: { offset, key, value, headers } }) => {
        records.push({ topic, partition, offset, key, value, ...(headers && { headers }) });
        if (Number(offset) + 1 >= (ends.get(`${topic}/${partition}`) ?? 0)) ends.delete(`${topic}/${partition}`);
      },
    });
    await until(
      'the topics to be read',
      async () => [...ends.keys()],
      (open) => open.length === 0,
    );
    return records;
  } finally {
    await consumer.disconnect();
    await admin.disconnect();
  }
}
