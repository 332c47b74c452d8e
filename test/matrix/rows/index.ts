import type { Row } from '../row';
import { cancelled } from './cancelled';
import { clockOff } from './clock-off';
import { diskFull } from './disk-full';
import { duplicates } from './duplicates';
import { brokerRestarted, postgresRestarted, redisLost, temporalRestarted } from './engines';
import { frozen } from './frozen';
import { hostLost } from './host-lost';
import { apiKilled, bridgeKilled, relayKilled, workerKilled } from './killed';
import { links } from './links';
import { newWorkflows } from './new-workflows';
import { permanentErrors } from './permanent-errors';
import { postgresAway } from './postgres-away';
import { providerAnswers } from './provider-answers';
import { replayKilled, rollingRestart } from './rolling';
import { submissions } from './submissions';
import { undoFails } from './undo-fails';

/** The fault matrix; what takes long in a full run comes first, so that no lane is left with it alone at the end. */
export const ROWS: readonly Row[] = [
  replayKilled,
  hostLost,
  postgresAway,
  workerKilled,
  frozen,
  bridgeKilled,
  links,
  relayKilled,
  apiKilled,
  brokerRestarted,
  postgresRestarted,
  temporalRestarted,
  rollingRestart,
  newWorkflows,
  cancelled,
  submissions,
  providerAnswers,
  redisLost,
  diskFull,
  clockOff,
  duplicates,
  undoFails,
  permanentErrors,
];
