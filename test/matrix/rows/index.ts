import type { Row } from '../row';
import { duplicates } from './duplicates';
import { brokerRestarted, postgresRestarted, redisLost, temporalRestarted } from './engines';
import { frozen } from './frozen';
import { apiKilled, bridgeKilled, relayKilled, workerKilled } from './killed';
import { permanentErrors } from './permanent-errors';
import { providerAnswers } from './provider-answers';
import { undoFails } from './undo-fails';

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
  duplicates,
  undoFails,
  permanentErrors,
];
