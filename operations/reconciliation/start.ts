import { randomUUID } from 'node:crypto';
import type { ReconciliationInput } from '../../contracts/workflow-api';
import type { Db } from '../../db/connection';
import { listRuns } from '../../db/reconciliation-runs';
import type { Workflows } from '../../temporal/workflows';
import { OperationRefused } from '../decision';

/** Starts a run; returns its id. Throws RECONCILIATION_RUNNING while another runs, and TemporalUnavailableError. */
export async function startReconciliation(
  db: Db,
  workflows: Workflows,
  asked: Omit<ReconciliationInput, 'runId'>,
): Promise<string> {
  const runId = randomUUID();
  if (await workflows.reconciliation.start({ ...asked, runId })) return runId;
  const [newest] = await listRuns(db, 1);
  throw new OperationRefused('RECONCILIATION_RUNNING', newest?.state === 'RUNNING' ? { runId: newest.id } : {});
}
