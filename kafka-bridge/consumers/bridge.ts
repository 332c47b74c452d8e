import { CONSUMED } from '../../contracts/topics';
import type { Logger } from '../../observability/logger';
import type { Metrics } from '../../observability/metrics';
import type { Kafka, KafkaConsumer } from '../client/kafka-port';
import { deadLetterSources, keepDeadLettersIndexed } from '../dead-letters/index-dead-letters';
import { BatchWorker } from './batch-worker';
import { couponRequested } from './handlers/coupon-requested';
import type { ConsumedTopic, Handler, HandlerDependencies } from './handlers/handler';
import { processingRequested } from './handlers/processing-requested';
import { shipmentUpdated } from './handlers/shipment-updated';
import { stockFailed } from './handlers/stock-failed';
import { stockRequested } from './handlers/stock-requested';
import { watchLag } from './lag-watch';
import { CaughtUpPartitions } from './stuck-partitions';

const HANDLERS: Readonly<Record<ConsumedTopic, Handler>> = {
  'stock.decrease.requested': stockRequested,
  'stock.decrease.failed': stockFailed,
  'order-processing-topic': processingRequested,
  'order-retry-topic': processingRequested,
  'shipment.status': shipmentUpdated,
  'coupon.issue': couponRequested,
};

export interface BridgeOptions extends HandlerDependencies {
  readonly kafka: Kafka;
  /** Dead-letter topics of other systems. */
  readonly foreignDeadLetterTopics: readonly string[];
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface Bridge {
  /** Finishes the records in hand, commits them and leaves the groups. */
  stop(): Promise<void>;
  /** Rejects when a consumer can't go on: the process should exit and be started anew. */
  readonly failed: Promise<never>;
  /** Throws while a partition is stuck on a record for a reason that nobody foresaw, or a topic has a batch that can't be read. */
  readiness(): Promise<void>;
}

/** Reads every consumed topic: start or signal the workflow first, commit second. */
export async function startBridge(options: BridgeOptions): Promise<Bridge> {
  const logger = options.logger.child({ part: 'bridge' });
  const deadLetters = await options.kafka.producer();
  const workers = CONSUMED.map(
    (consumed) => new BatchWorker({ ...options, ...consumed, logger, deadLetters, handler: HANDLERS[consumed.topic] }),
  );
  const unreadable = new Set<string>();
  const consumers: KafkaConsumer[] = await Promise.all(
    workers.map((worker) =>
      options.kafka.consume({
        ...worker.source,
        topics: [worker.source.topic],
        onAssigned: (assigned) => worker.assign(assigned[worker.source.topic] ?? []),
        onUnreadable: () => unreadable.add(worker.source.topic),
        onBatch: (batch) => {
          unreadable.delete(batch.topic);
          return worker.workOff(batch);
        },
      }),
    ),
  );
  const deadLetterIndex = keepDeadLettersIndexed(options, logger);
  const caughtUp = new CaughtUpPartitions(options.db, logger);
  const lagWatch = await watchLag({
    kafka: options.kafka,
    metrics: options.metrics,
    logger,
    sources: [
      ...CONSUMED.map(({ groupId, topic }) => ({ groupId, topics: [topic] })),
      ...deadLetterSources(options.foreignDeadLetterTopics),
    ],
    isIdle: (topic, partition) =>
      !unreadable.has(topic) && workers.some((worker) => worker.source.topic === topic && worker.isIdle(partition)),
    onCaughtUp: (topic, partitions) => {
      if (CONSUMED.some((consumed) => consumed.topic === topic)) caughtUp.note(topic, partitions);
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
    },
    async stop() {
      await Promise.all([lagWatch, ...consumers, deadLetterIndex].map((part) => part.stop()));
      await caughtUp.stop();
      await deadLetters.close();
    },
  };
}
