import {
  allHandlersFinished,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  TemporalFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { RefundBeginning } from '../activities/refund';
import type { OrderPolicy } from '../activities/stock';
import { SIGNALS } from '../contracts/workflow/messages';
import { orderWorkflowId, type RefundSagaInput } from '../contracts/workflow-api';
import type { OrderStatus } from '../domain/order-status';
import { receiveDecisions } from './decisions';
import { recordRefusal, sagaOfOrder } from './order-sagas';
import { stockStep, undoableStep } from './order-steps';
import { OrderView } from './order-view';
import type { Undoable } from './saga/step';

const SETTLED = { isSettled: true } as const;

/** Gives a paid order's money, coupon and stock back: REFUNDED, or COMPLETED again where the provider refuses. */
export async function refundSaga(input: RefundSagaInput): Promise<OrderStatus | 'NOT_REFUNDABLE'> {
  CancellationScope.current().cancelRequested.catch(() =>
    recordRefusal(input.orderId, 'CANCELLED_IN_TEMPORAL', 'a refund is carried to its end'),
  );
  return CancellationScope.nonCancellable(() => refund(input));
}

async function refund(input: RefundSagaInput): Promise<OrderStatus | 'NOT_REFUNDABLE'> {
  const { orderId, requestId, reason, actor } = input;
  const runId = workflowInfo().firstExecutionRunId;
  const view = new OrderView(orderId, 'REFUND_REQUESTED');
  let policy: OrderPolicy | undefined;
  const { saga, activities } = sagaOfOrder(orderId, view, { policy: () => policy, isGivenUp: () => false });
  receiveDecisions(saga.parking, (what, why) => recordRefusal(orderId, what, why));

  const beginning = await activities.beginRefund({ orderId, runId, requestId, reason, actor, atMs: Date.now() });
  if (!beginning.accepted) {
    await condition(allHandlersFinished);
    return 'NOT_REFUNDABLE';
  }
  policy = beginning.policy;
  view.totalMinor = beginning.totalMinor;
  if (beginning.ended) return end(view, beginning.ended);
  await stopFollowingDelivery(orderId);

  const { stock, coupon, payment } = stepsToUndo(orderId, runId, beginning);
  saga.plan(...[stock, coupon, payment].filter((step) => step !== undefined));
  if (payment) {
    view.publish('COMPENSATING', 'the payment provider');
    const refusal = await saga.undoFirst(payment, ({ kind }) => kind === 'REFUSED');
    if (refusal) {
      await activities.refuseRefund({ orderId, runId, code: refusal.code, atMs: Date.now() });
      return end(view, 'COMPLETED', refusal.code);
    }
  }
  await saga.compensate();
  await activities.completeRefund({ orderId, runId, atMs: Date.now() });
  return end(view, 'REFUNDED');
}

interface StepsToUndo {
  readonly stock: Undoable;
  /** Absent: the order has none. */
  readonly coupon: Undoable | undefined;
  /** Absent: nothing was paid. */
  readonly payment: Undoable | undefined;
}

function stepsToUndo(
  orderId: number,
  runId: string,
  { policy, couponAttempt, paidAttempt }: Extract<RefundBeginning, { accepted: true }>,
): StepsToUndo {
  const stepOf = (name: 'coupon' | 'payment', attempt: number | null | undefined) =>
    attempt == null ? undefined : undoableStep(name, { orderId, attempt }, policy, SETTLED);
  return {
    stock: stockStep(orderId, runId, SETTLED, () => policy),
    coupon: stepOf('coupon', couponAttempt),
    payment: stepOf('payment', paidAttempt),
  };
}

async function end(view: OrderView, status: OrderStatus, reason?: string): Promise<OrderStatus> {
  view.moveTo(status, reason);
  view.publish('SETTLED', 'nothing');
  await condition(allHandlersFinished);
  return status;
}

/** An order refunded on its way has a workflow that waits for the carrier; one that was delivered has none any more. */
async function stopFollowingDelivery(orderId: number): Promise<void> {
  try {
    await getExternalWorkflowHandle(orderWorkflowId(orderId)).signal(SIGNALS.refundStarted);
  } catch (error) {
    if (!(error instanceof TemporalFailure)) throw error;
  }
}
