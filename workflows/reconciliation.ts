import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  isCancellation,
  ParentClosePolicy,
  proxyActivities,
  sleep,
  startChild,
  uuid4,
} from '@temporalio/workflow';
import type { Activities } from '../activities';
import {
  RECONCILIATION_WORKFLOW_ID,
  type ReconciliationInput,
  type ScheduledReconciliationInput,
} from '../contracts/workflow-api';

const RETRY = { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' } as const;

const { beginReconciliation, endReconciliation } = proxyActivities<Activities>({
  startToCloseTimeout: '30 seconds',
  retry: RETRY,
});

/** They go through all orders, page by page, and a retry goes on where the last heartbeat was. */
const { examineShop, healFindings, fixFindings } = proxyActivities<Activities>({
  startToCloseTimeout: '12 hours',
  heartbeatTimeout: '1 minute',
  retry: RETRY,
});

/** Compares what belongs together, lists what differs, closes what is gone, and applies fixes where that was asked for. */
export async function reconciliation(input: ReconciliationInput): Promise<void> {
  const { runId, isDryRun, isFixing } = input;
  try {
    await beginReconciliation(input);
    await examineShop({ runId });
    if (!isDryRun) {
      await healFindings({ runId });
      if (isFixing) await fixFindings({ runId });
    }
    await endReconciliation({ runId, state: 'DONE' });
  } catch (error) {
    const state = isCancellation(error) ? 'CANCELLED' : 'FAILED';
    await CancellationScope.nonCancellable(() => endReconciliation({ runId, state }));
    throw error;
  }
}

/** Starts a run. One of everything waits for a run that is under way; one of what has changed leaves it to the next. */
export async function scheduledReconciliation({ scope }: ScheduledReconciliationInput): Promise<void> {
  const input: ReconciliationInput = { runId: uuid4(), scope, isDryRun: false, isFixing: false, actor: 'schedule' };
  while (!(await isStarted(input)) && scope === 'FULL') await sleep('1 minute');
}

async function isStarted(input: ReconciliationInput): Promise<boolean> {
  try {
    await startChild(reconciliation, {
      workflowId: RECONCILIATION_WORKFLOW_ID,
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
    });
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}
