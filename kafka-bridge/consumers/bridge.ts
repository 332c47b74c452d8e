import type { Db } from '../../db/connection';
import type { Logger } from '../../observability/logger';
import type { Metrics } from '../../observability/metrics';
import type { Kafka, KafkaConsumer } from '../client/kafka-port';
import { deadLetterSources, keepDeadLettersIndexed } from '../dead-letters/index-dead-letters';
import type { RecordRules } from '../dead-letters/record-rules';
import { BatchWorker } from './batch-worker';
import { watchLag } from './lag-watch';
import { CaughtUpPartitions } from './stuck-partitions';
import type { Subscription } from './subscription';

export interface BridgeOptions {
  readonly db: Db;
  readonly kafka: Kafka;
  readonly subscriptions: readonly Subscription[];
  readonly records: RecordRules;
  /** Dead-letter topics of other systems. */
  readonly foreignDeadLetterTopics: readonly string[];
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface Bridge {
  /** Finishes the records in hand, commits them and leaves the groups. */
  stop(): Promise<void>;
  /** Rejects when a consumer can't go on: the process should exit and be restarted. */
  readonly failed: Promise<never>;
  /** Throws while a partition is stuck on a record that fails unexpectedly, a topic has a batch that can't be read, or no broker responds. */
  readiness(): Promise<void>;
}

/** Reads every subscribed topic: handles a record first, commits it second. */
export async function startBridge(options: BridgeOptions): Promise<Bridge> {
  const { kafka, subscriptions } = options;
  const logger = options.logger.child({ part: 'bridge' });
  const deadLetters = await kafka.producer();
  const workers = subscriptions.map(
    (subscription) => new BatchWorker({ ...options, subscription, logger, deadLetters }),
  );
  const unreadable = new Set<string>();
  const consumers: KafkaConsumer[] = await Promise.all(
    workers.map((worker) => {
      const { topic, groupId, partitionsAtOnce } = worker.subscription;
      return kafka.consume({
        groupId,
        topics: [topic],
        partitionsAtOnce,
        onAssigned: (assigned) => worker.assign(assigned[topic] ?? []),
        onUnreadable: () => unreadable.add(topic),
        onBatch: (batch) => {
          unreadable.delete(topic);
          return worker.workOff(batch);
        },
      });
    }),
  );
  const deadLetterIndex = keepDeadLettersIndexed(options, logger);
  const caughtUp = new CaughtUpPartitions(options.db, logger);
  const lagWatch = await watchLag({
    kafka,
    metrics: options.metrics,
    logger,
    sources: [
      ...subscriptions.map(({ groupId, topic }) => ({ groupId, topics: [topic] })),
      ...deadLetterSources(options),
    ],
    isIdle: (topic, partition) =>
      !unreadable.has(topic) &&
      workers.some((worker) => worker.subscription.topic === topic && worker.isIdle(partition)),
    onCaughtUp: (topic, partitions) => {
      if (subscriptions.some((subscription) => subscription.topic === topic)) caughtUp.unlist(topic, partitions);
    },
  });
  const failed = Promise.race([...consumers.map((consumer) => consumer.failed), lagWatch.failed]);
  failed.catch(() => undefined);
  return {
    failed,
    async readiness() {
      const stuck = workers.flatMap((worker) => worker.stuckPartitions());
      if (stuck.length > 0) throw new Error(`stuck: ${stuck.join(', ')}`);
      if (unreadable.size > 0) throw new Error(`unreadable: ${[...unreadable].join(', ')}`);
      await kafka.ping();
    },
    async stop() {
      await Promise.all([lagWatch, ...consumers, deadLetterIndex].map((part) => part.stop()));
      await caughtUp.stop();
      await deadLetters.close();
    },
  };
}
