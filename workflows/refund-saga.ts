import {
  allHandlersFinished,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  workflowInfo,
} from '@temporalio/workflow';
import type { OrderPolicy } from '../activities/stock';
import { orderWorkflowId, type RefundSagaInput, SIGNALS } from '../contracts/workflow-api';
import type { OrderStatus } from '../domain/order-status';
import { own, ownActivities, UNDO_RETRY_MS } from './calls';
import { unlessPermanent } from './failures';
import { answerResolutions } from './order-messages';
import { stockStep, undoableStep } from './order-steps';
import { OrderView } from './order-view';
import { ParkedList } from './parked-list';
import { Saga } from './saga';

const SETTLED = { isSettled: true } as const;

/** Gives a paid order's money, coupon and stock back: REFUNDED, or COMPLETED again where the provider refuses. */
export async function refundSaga(input: RefundSagaInput): Promise<OrderStatus | 'NOT_REFUNDABLE'> {
  CancellationScope.current().cancelRequested.catch(() =>
    noteRefusal(input.orderId, 'CANCELLED_IN_TEMPORAL', 'a refund is carried to its end'),
  );
  return CancellationScope.nonCancellable(() => refund(input));
}

async function refund({ orderId, requestId, reason, actor }: RefundSagaInput): Promise<OrderStatus | 'NOT_REFUNDABLE'> {
  const runId = workflowInfo().firstExecutionRunId;
  const view = new OrderView(orderId, 'REFUND_REQUESTED');
  let policy: OrderPolicy | undefined;
  const parkedList = new ParkedList(orderId, view);
  const saga = new Saga({
    undoRetryMs: () => policy?.undoRetryMs ?? UNDO_RETRY_MS,
    parked: (points) => parkedList.show(points),
    recordRetry: (resolution) => own.recordRetry({ ...resolution, orderId, attempt: 0 }),
    undecided: (_resolution, why) => noteRefusal(orderId, SIGNALS.resolveCompensation, why),
    isGivenUp: () => false,
  });
  const ensured = ownActivities((name, work) => saga.ensure(name, work));
  view.progress = saga.progress;
  answerResolutions({
    whyNotDecidable: (resolution) => saga.whyNotDecidable(resolution),
    whyNotNow: (resolution) => saga.whyNotNow(resolution),
    decide: (resolution) => saga.decide(resolution),
    noteRefusal: (what, why) => noteRefusal(orderId, what, why),
  });

  const beginning = await ensured.beginRefund({ orderId, runId, requestId, reason, actor, atMs: Date.now() });
  if (!beginning.accepted) {
    await condition(allHandlersFinished);
    return 'NOT_REFUNDABLE';
  }
  policy = beginning.policy;
  view.totalMinor = beginning.totalMinor;
  if (beginning.ended) return end(view, beginning.ended);
  await stopFollowingDelivery(orderId);

  saga.plan(stockStep(orderId, runId, SETTLED, () => policy));
  const { couponAttempt, paidAttempt } = beginning;
  if (couponAttempt !== undefined)
    saga.plan(undoableStep('coupon', { orderId, attempt: couponAttempt }, policy, SETTLED));
  if (paidAttempt !== null) {
    const payment = undoableStep('payment', { orderId, attempt: paidAttempt }, policy, SETTLED);
    saga.plan(payment);
    view.publish('COMPENSATING', 'the payment provider');
    const refusal = await saga.undoFirst(payment, ({ kind }) => kind === 'REFUSED');
    if (refusal) {
      await ensured.refuseRefund({ orderId, runId, code: refusal.code, atMs: Date.now() });
      return end(view, 'COMPLETED', refusal.code);
    }
  }
  await saga.compensate();
  await ensured.completeRefund({ orderId, runId, atMs: Date.now() });
  return end(view, 'REFUNDED');
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
    if (!(error instanceof Error)) throw error;
  }
}

async function noteRefusal(orderId: number, what: string, why: string): Promise<void> {
  await unlessPermanent(
    CancellationScope.nonCancellable(() => own.noteRefusal({ orderId, what, why, atMs: Date.now() })),
  );
}
