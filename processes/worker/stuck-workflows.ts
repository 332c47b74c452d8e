import { orderWorkflowId, refundWorkflowId } from '../../contracts/workflow-api';
import type { Db } from '../../db/connection';
import { netChargedOfOrder } from '../../db/money';
import { openOperatorItem } from '../../db/operator-items';
import { ordersAtWork } from '../../db/orders-at-work';
import type { Workflows } from '../../temporal/workflows';

/** Longer than an order is at work when all is well. */
const AT_WORK_FOR_MS = 20_000;

/**
 * Lists orders whose workflow can't go on, although Temporal calls it running. Checks one page of the orders that have been
 * at work for long, after an order; returns the order after which to go on.
 */
export async function listStuck(
  { db, workflows }: { readonly db: Db; readonly workflows: Workflows },
  page: { readonly limit: number; readonly after: number | undefined },
  stopping: AbortSignal,
): Promise<number | undefined> {
  const orders = await ordersAtWork(db, { ...page, forMs: AT_WORK_FOR_MS });
  for (const { id, status } of orders) {
    if (stopping.aborted) return page.after;
    const workflowId = status === 'REFUND_REQUESTED' ? refundWorkflowId(id) : orderWorkflowId(id);
    if (!(await workflows.describe(workflowId))?.isTaskFailing) continue;
    await openOperatorItem(db, {
      ...{ kind: 'FAILED_WORKFLOW', subject: workflowId, cause: 'WORKFLOW_TASK_FAILING' },
      ...{ workflowId, orderId: id, amountAtRiskMinor: await netChargedOfOrder(db, id) },
    });
  }
  return orders.length < page.limit ? undefined : orders.at(-1)?.id;
}
