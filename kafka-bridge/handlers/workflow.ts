import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import {
  type CouponSagaInput,
  couponWorkflowId,
  type OrderSagaInput,
  orderWorkflowId,
  TASK_QUEUES,
  WORKFLOWS,
} from '../../contracts/workflow-api';
import type { HandlerDependencies, Outcome } from './handler';

/** A call that hangs would hold its whole partition. */
const CALL_TIMEOUT_MS = 5_000;

const startOptions = (orderId: number) => ({
  workflowId: orderWorkflowId(orderId),
  taskQueue: TASK_QUEUES.orders,
  args: [{ orderId }] as [OrderSagaInput],
  workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
  staticSummary: `order ${orderId}`,
});

/** Starts the order's workflow; `duplicate`: it runs, or has run, already. */
export function startOrder(dependencies: HandlerDependencies, orderId: number): Promise<Outcome> {
  // FAIL where DESIGN says USE_EXISTING: the same effect, but it tells a duplicate from a start.
  return unlessStarted(dependencies, () =>
    dependencies.temporal.workflow.start(WORKFLOWS.orderSaga, {
      ...startOptions(orderId),
      workflowIdConflictPolicy: 'FAIL',
      ...(dependencies.eagerStart ? { requestEagerStart: true } : {}),
    }),
  );
}

/** Starts the workflow of a coupon's request, again if it had failed; `duplicate`: it runs, or has issued, already. */
export function startCoupon(
  dependencies: HandlerDependencies,
  input: CouponSagaInput,
  request: { readonly summary: string; readonly hasFailed: boolean },
): Promise<Outcome> {
  return unlessStarted(dependencies, () =>
    dependencies.temporal.workflow.start(WORKFLOWS.couponSaga, {
      workflowId: couponWorkflowId(input.requestId),
      taskQueue: TASK_QUEUES.coupons,
      args: [input] as [CouponSagaInput],
      // Not REJECT_DUPLICATE: a request that FAILED may begin again, which its row decides.
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      // One that FAILED in its row has nothing left to do, but may wait for a worker to say so: the replay must not be lost.
      workflowIdConflictPolicy: request.hasFailed ? 'TERMINATE_EXISTING' : 'FAIL',
      staticSummary: request.summary,
      ...(dependencies.eagerStart ? { requestEagerStart: true } : {}),
    }),
  );
}

/** Signals the order's workflow, starting it if the stock event has not come yet; `duplicate`: it has ended. */
export function signalOrder(
  dependencies: HandlerDependencies,
  orderId: number,
  signal: string,
  payload: object,
): Promise<Outcome> {
  return unlessStarted(dependencies, () =>
    dependencies.temporal.workflow.signalWithStart(WORKFLOWS.orderSaga, {
      ...startOptions(orderId),
      workflowIdConflictPolicy: 'USE_EXISTING',
      signal,
      signalArgs: [payload],
    }),
  );
}

async function unlessStarted({ temporal }: HandlerDependencies, call: () => Promise<unknown>): Promise<Outcome> {
  try {
    await temporal.withDeadline(Date.now() + CALL_TIMEOUT_MS, call);
    return 'processed';
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'duplicate';
    throw error;
  }
}
