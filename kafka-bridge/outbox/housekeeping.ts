import type { Db } from '../../db/connection';
import type { Logger } from '../../observability/logger';
import type { RelayMetrics } from '../../observability/relay-metrics';
import { every } from '../every';
import { measureBacklog } from './backlog';
import type { OutboxPublisher } from './publisher';
import { listUnpublishedTopics } from './unpublished-topics';

const SAMPLE_MS = 5_000;

/** Measures what waits in the database and what needs a person, and lists topics that take nothing. */
export function startHousekeeping(options: {
  readonly db: Db;
  readonly publisher: OutboxPublisher;
  readonly metrics: RelayMetrics;
  readonly logger: Logger;
}): { stop(): Promise<void> } {
  const { db, publisher, metrics, logger } = options;
  const listing = every(
    SAMPLE_MS,
    () => listUnpublishedTopics(db, publisher),
    (error) => logger.warn({ err: error }, 'topics that take nothing could not be listed'),
  );
  const sampling = every(
    SAMPLE_MS,
    () => measureBacklog(db, metrics),
    (error) => logger.warn({ err: error }, 'the backlog could not be measured'),
  );
  return {
    async stop() {
      await Promise.all([sampling.stop(), listing.stop()]);
    },
  };
}
