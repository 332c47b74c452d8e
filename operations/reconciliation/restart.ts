import { orderWorkflowId, refundWorkflowId } from '../../contracts/workflow-api';
import type { Db } from '../../db/connection';
import { closeItemsOfOrder } from '../../db/operator-items';
import { type OrderFactsheet, orderFactsheets } from '../../db/order-facts';
import { lockOrder, releaseClaimOfRun } from '../../db/orders';
import { PARKED_KINDS } from '../../domain/operator-item';
import type { ExaminedParts } from './examine-orders';
import { type FixOrder, FixRefused } from './fix';
import { canRestart, wasUndoing } from './restartable';

/**
 * Starts the workflow of an order once more, of which no run is alive. The order belongs to the run that claimed it, so its claim is
 * released first, under its lock and only if it is still that run's; the new run takes it and goes on where the database says that
 * the order is. Of two restarts at once one starts the workflow, and the other finds it running.
 */
export async function restartWorkflow(parts: ExaminedParts, orderId: number, by: FixOrder): Promise<void> {
  const { db, workflows } = parts;
  const [order] = await orderFactsheets(db, [orderId]);
  if (!order) throw new FixRefused('ORDER_NOT_FOUND');
  if (!canRestart(order)) throw new FixRefused('NEEDS_A_PERSON');
  const isRefund = order.status === 'REFUND_REQUESTED';
  const workflow = await workflows.describe(isRefund ? refundWorkflowId(orderId) : orderWorkflowId(orderId));
  if (workflow?.status === 'RUNNING') throw new FixRefused('WORKFLOW_RUNS');
  const released = await release(db, order, isRefund, by);
  const { actor, reason } = by;
  const isStarted = isRefund
    ? await workflows.orders.restartRefund({ orderId, reason, actor })
    : await workflows.orders.restart(orderId, wasUndoing(released) ? { reason, actor } : undefined);
  if (!isStarted) throw new FixRefused('WORKFLOW_RUNS');
}

/** Returns what the database said of the order under its lock. */
async function release(
  db: Db,
  seen: OrderFactsheet,
  isRefund: boolean,
  { actor, reason }: FixOrder,
): Promise<OrderFactsheet> {
  return db.transaction(async (trx) => {
    const order = await lockOrder(trx, seen.id);
    if (!order || order.status !== seen.status || order.sagaState === 'SETTLED')
      throw new FixRefused('ORDER_HAS_MOVED');
    const [now] = await orderFactsheets(trx, [seen.id]);
    const claim = isRefund ? 'refundRunId' : 'runId';
    if (!now || !canRestart(now) || now[claim] !== seen[claim]) throw new FixRefused('ORDER_HAS_MOVED');
    // The items that said so are closed here, and this restart may end before the new run has begun.
    const isUndoing = !isRefund && wasUndoing(now);
    await releaseClaimOfRun(trx, order.id, { of: isRefund ? 'refund_run_id' : 'run_id', isUndoing });
    // What the new run can't do either is listed anew.
    await closeItemsOfOrder(trx, seen.id, PARKED_KINDS, { decision: 'RESTART_WORKFLOW', actor, reason });
    return now;
  });
}
