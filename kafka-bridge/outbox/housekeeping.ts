import { countWaitingRecords } from '../../db/blocked-keys';
import type { Db } from '../../db/connection';
import { outboxBacklog } from '../../db/outbox';
import type { Logger } from '../../observability/logger';
import type { Metrics } from '../../observability/metrics';
import { every } from '../every';
import type { OutboxPublisher } from './publisher';
import { listUnpublishedTopics } from './unpublished-topics';

const SAMPLE_MS = 5_000;

/** Measures the outbox and the records that wait behind dead letters, and lists topics that take nothing. */
export function startHousekeeping(options: {
  readonly db: Db;
  readonly publisher: OutboxPublisher;
  readonly metrics: Metrics;
  readonly logger: Logger;
}): { stop(): Promise<void> } {
  const { db, publisher, metrics, logger } = options;
  async function sample(): Promise<void> {
    const { waiting, oldestMs } = await outboxBacklog(db);
    metrics.outboxWaiting.set(waiting);
    metrics.outboxAge.set(oldestMs / 1000);
    metrics.waitingRecords.set(await countWaitingRecords(db));
  }
  const listing = every(
    SAMPLE_MS,
    () => listUnpublishedTopics(db, publisher),
    (error) => logger.warn({ err: error }, 'topics that take nothing could not be listed'),
  );
  const sampling = every(SAMPLE_MS, sample, (error) => logger.warn({ err: error }, 'the outbox could not be measured'));
  return {
    async stop() {
      await Promise.all([sampling.stop(), listing.stop()]);
    },
  };
}
