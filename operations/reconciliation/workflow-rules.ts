import { orderWorkflowId, refundWorkflowId } from '../../contracts/workflow-api';
import type { Db } from '../../db/connection';
import { type OrderFactsheet, orderFactsheets } from '../../db/order-facts';
import type { Finding } from '../../domain/finding';
import type { Workflows } from '../../temporal/workflows';
import { canRestart } from './restartable';

/** Described at once; each is one call. */
const DESCRIBED_AT_ONCE = 10;

/** The workflow that has to bring the order on; undefined: it has nothing left to do, or has not begun. */
function workflowOf({ id, status, sagaState, runId }: OrderFactsheet): string | undefined {
  if (sagaState === 'SETTLED') return undefined;
  if (status === 'REFUND_REQUESTED') return refundWorkflowId(id);
  // Its birth is on its way to the workflow, or a finding by itself.
  return runId === null && status === 'CREATED' ? undefined : orderWorkflowId(id);
}

/**
 * Orders in motion whose workflow does not run. Temporal's list of workflows lags, so that what it does not call running is asked
 * about by itself, and an order that has moved since is left for the next run.
 */
export async function workflowDifferences(
  { db, workflows }: { readonly db: Db; readonly workflows: Workflows },
  orders: readonly OrderFactsheet[],
  { graceMs }: { readonly graceMs: number },
): Promise<Finding[]> {
  const inMotion = orders.flatMap((order) => {
    const workflowId = workflowOf(order);
    return workflowId === undefined || order.quietMs < graceMs ? [] : [{ order, workflowId }];
  });
  if (inMotion.length === 0) return [];
  const running = await workflows.runningAmong(inMotion.map(({ workflowId }) => workflowId));
  const suspects = inMotion.filter(({ workflowId }) => !running.has(workflowId));
  const found: Finding[] = [];
  for (let at = 0; at < suspects.length; at += DESCRIBED_AT_ONCE) {
    const asked = suspects.slice(at, at + DESCRIBED_AT_ONCE).map(async ({ order, workflowId }) => {
      const finding = await differenceOf(workflows, order, workflowId);
      if (!finding) return [];
      const [now] = await orderFactsheets(db, [order.id]);
      return now && hasNotMoved(now, order, graceMs) ? [finding] : [];
    });
    found.push(...(await Promise.all(asked)).flat());
  }
  return found;
}

/** Whether it still needs the workflow that it did. What an ended run had called may write to it for a while. */
function hasNotMoved(now: OrderFactsheet, before: OrderFactsheet, graceMs: number): boolean {
  const isOfSameRun = now.runId === before.runId && now.refundRunId === before.refundRunId;
  return isOfSameRun && workflowOf(now) === workflowOf(before) && now.quietMs >= graceMs;
}

async function differenceOf(
  workflows: Workflows,
  order: OrderFactsheet,
  workflowId: string,
): Promise<Finding | undefined> {
  const workflow = await workflows.describe(workflowId);
  if (workflow?.status === 'RUNNING') return undefined;
  return {
    code: workflow ? 'WORKFLOW_ENDED' : 'NO_WORKFLOW',
    subject: workflowId,
    ...(canRestart(order) ? {} : { isFixable: false as const }),
    orderId: order.id,
    since: workflow?.closedAt ?? order.movedAt,
    amountAtRiskMinor: Math.max(0, order.netMinor),
    evidence: {
      status: order.status,
      sagaState: order.sagaState,
      workflow: workflow?.status ?? null,
      run: workflow?.runId ?? null,
      claimedBy: order.runId,
    },
  };
}
