import type { Row } from '../row';
import { cancelled } from './cancelled';
import { brokerRestarted, postgresRestarted, redisLost, temporalRestarted } from './engines';
import { frozen } from './frozen';
import { apiKilled, bridgeKilled, relayKilled, workerKilled } from './killed';
import { replayKilled, rollingRestart } from './rolling';

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
  cancelled,
  rollingRestart,
  replayKilled,
];
