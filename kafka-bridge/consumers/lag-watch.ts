import type { Logger } from '../../observability/logger';
import type { Metrics } from '../../observability/metrics';
import type { Kafka, KafkaAdmin } from '../client/kafka-port';

const SAMPLE_MS = 10_000;
/** Records wait, nothing blocks them and none is read for so long: the consumer has silently stopped. */
const STALLED_MS = 120_000;

/** Measures how far behind each partition is, by the broker's own offsets, and notices a consumer that has stopped reading. */
export async function watchLag(options: {
  readonly kafka: Kafka;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly sources: readonly { readonly groupId: string; readonly topics: readonly string[] }[];
  /** Whether this process could be reading the partition, but has nothing of it in hand. */
  readonly isIdle: (topic: string, partition: number) => boolean;
  /** Called with each sample: the partitions of which everything is committed. */
  readonly onCaughtUp?: (topic: string, partitions: readonly number[]) => void;
}): Promise<{ stop(): Promise<void>; readonly failed: Promise<never> }> {
  const { metrics, logger } = options;
  // With retries, topics that are missing would delay the others for seconds each.
  const admin: KafkaAdmin = await options.kafka.admin({ retries: 0 });
  /** Partitions whose records wait. */
  const behind = new Map<string, { committed: string; since: number }>();
  let isStopping = false;
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);

  async function sample(): Promise<void> {
    for (const { groupId, topics } of options.sources) {
      for (const topic of topics) {
        if (isStopping) return;
        await sampleTopic(groupId, topic).catch((error: unknown) => {
          logger.warn({ err: error, topic }, 'consumer lag could not be measured');
        });
      }
    }
  }

  async function sampleTopic(groupId: string, topic: string): Promise<void> {
    const lags = await admin.lag(groupId, topic);
    for (const { partition, lag, committed } of lags) {
      metrics.consumerLag.set({ topic, partition, group: groupId }, lag);
      const id = `${topic}-${partition}`;
      const before = behind.get(id);
      if (lag === 0 || !options.isIdle(topic, partition)) behind.delete(id);
      else if (before?.committed !== committed) behind.set(id, { committed, since: Date.now() });
      else if (Date.now() - before.since > STALLED_MS) fail(new Error(`${id} is ${lag} behind and not being read`));
    }
    const caughtUp = lags.flatMap(({ partition, lag }) => (lag === 0 ? [partition] : []));
    if (caughtUp.length > 0) options.onCaughtUp?.(topic, caughtUp);
  }

  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= sample().finally(() => {
      running = undefined;
    });
  }, SAMPLE_MS).unref();
  return {
    failed,
    async stop() {
      isStopping = true;
      clearInterval(timer);
      await running;
      await admin.close();
    },
  };
}
