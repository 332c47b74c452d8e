import type { Db } from '../db/connection';
import { countSagasAtWork, STATES_AT_WORK } from '../db/orders-at-work';
import type { Logger } from '../observability/logger';
import type { RelayMetrics } from '../observability/relay-metrics';
import { every } from './every';

const SAMPLE_MS = 5_000;

/** Measures again and again how many sagas are at work or parked, and for how long. */
export function startMeasuringSagas(options: {
  readonly db: Db;
  readonly metrics: RelayMetrics;
  readonly logger: Logger;
}): {
  stop(): Promise<void>;
} {
  const { db, metrics, logger } = options;
  return every(
    SAMPLE_MS,
    async () => {
      const counted = await countSagasAtWork(db);
      for (const sagaState of STATES_AT_WORK) {
        const found = counted.find((one) => one.sagaState === sagaState);
        metrics.ordersAtWork.set({ saga_state: sagaState }, found?.count ?? 0);
        metrics.oldestAtWork.set({ saga_state: sagaState }, (found?.oldestMs ?? 0) / 1000);
      }
    },
    (error) => logger.warn({ err: error }, 'the sagas at work could not be measured'),
  );
}
