import type { Row } from '../row';
import { brokerRestarted, postgresRestarted, redisLost, temporalRestarted } from './engines';
import { frozen } from './frozen';
import { apiKilled, bridgeKilled, relayKilled, workerKilled } from './killed';
import { providerAnswers } from './provider-answers';

/** The fault matrix. */
export const ROWS: readonly Row[] = [
  workerKilled,
  frozen,
  bridgeKilled,
  relayKilled,
  apiKilled,
  brokerRestarted,
  postgresRestarted,
  temporalRestarted,
  redisLost,
  providerAnswers,
];
