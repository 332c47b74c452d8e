import { countWaitingRecords } from '../../db/blocked-keys';
import type { Db } from '../../db/connection';
import type { LossPolicy } from '../../db/lost-records';
import { outboxBacklog } from '../../db/outbox';
import type { Logger } from '../../observability/logger';
import type { Metrics } from '../../observability/metrics';
import type { Kafka } from '../client/kafka-port';
import { within } from '../client/kafkajs-producer';
import { LostRecords } from './lost-records';
import type { OutboxPublisher } from './publisher';
import { listUnpublishedTopics } from './unpublished-topics';

const SAMPLE_MS = 5_000;
const RESEND_LOOK_MS = 15_000;
const STOP_WITHIN_MS = 3_000;

/** Measures the outbox and the lines behind dead letters, lists topics that take nothing, and sends again what was lost on its way. */
export function startHousekeeping(options: {
  readonly db: Db;
  readonly kafka: Kafka;
  readonly publisher: OutboxPublisher;
  readonly loss: LossPolicy;
  readonly metrics: Metrics;
  readonly logger: Logger;
}): { stop(): Promise<void> } {
  const { db, kafka, publisher, loss, metrics, logger } = options;
  const lost = new LostRecords({ db, kafka, policy: loss, logger });
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
  const lookMs = Math.min(RESEND_LOOK_MS, loss.lostAfterMs);
  const resending = every(
    lookMs,
    () => lost.look(),
    (error) => logger.warn({ err: error }, 'lost records could not be looked for'),
  );
  const sampling = every(SAMPLE_MS, sample, (error) => logger.warn({ err: error }, 'the outbox could not be measured'));
  return {
    async stop() {
      // A look that waits for a silent broker ends with its connection.
      await Promise.all([sampling.stop(), listing.stop(), lost.stop()]);
      await within(STOP_WITHIN_MS, resending.stop(), () => undefined);
    },
  };
}

/** Runs `work` again and again, never twice at once; `stop` waits for the run under way. */
export function every(
  ms: number,
  work: () => Promise<unknown>,
  onError: (error: unknown) => void,
): { stop(): Promise<void> } {
  let running: Promise<unknown> | undefined;
  const timer = setInterval(() => {
    running ??= work()
      .catch(onError)
      .finally(() => {
        running = undefined;
      });
  }, ms);
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
