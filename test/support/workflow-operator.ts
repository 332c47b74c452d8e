import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { TOPICS } from '../../contracts/topics';
import { type ShipmentStatus, SIGNALS } from '../../contracts/workflow/messages';
import {
  couponWorkflowId,
  type DeadLetterReplayInput,
  deadLetterReplayWorkflowId,
  orderWorkflowId,
  QUERIES,
  RECONCILIATION_WORKFLOW_ID,
  type ReconciliationInput,
  refundWorkflowId,
  type SagaView,
  TASK_QUEUES,
  type TaskQueue,
  UPDATES,
  WORKFLOWS,
} from '../../contracts/workflow-api';

const TASK_QUEUE_OF: Readonly<Record<keyof typeof WORKFLOWS, TaskQueue>> = {
  orderSaga: TASK_QUEUES.orders,
  refundSaga: TASK_QUEUES.orders,
  couponSaga: TASK_QUEUES.coupons,
  deadLetterReplay: TASK_QUEUES.ops,
  reconciliation: TASK_QUEUES.ops,
  scheduledReconciliation: TASK_QUEUES.ops,
};

/** Starts workflows and speaks to them as the bridge, the api and Temporal's own tools do. */
export class WorkflowOperator {
  constructor(private readonly client: Client) {}

  start(orderId: number): Promise<unknown> {
    return this.startWorkflow('orderSaga', orderWorkflowId(orderId), { orderId });
  }

  /** Once more, after its run is over. */
  restart(orderId: number): Promise<unknown> {
    return this.startWorkflow('orderSaga', orderWorkflowId(orderId), { orderId }, 'ALLOW_DUPLICATE');
  }

  /** As Temporal's schedule starts it. */
  reconcileAsScheduled(workflowId: string): Promise<unknown> {
    return this.startWorkflow('scheduledReconciliation', workflowId, { scope: 'FULL' });
  }

  reconcile(asked: Omit<ReconciliationInput, 'runId' | 'isDryRun'>): Promise<unknown> {
    const input = { ...asked, runId: randomUUID(), isDryRun: false };
    return this.startWorkflow('reconciliation', RECONCILIATION_WORKFLOW_ID, input, 'ALLOW_DUPLICATE');
  }

  startRefund(orderId: number): Promise<unknown> {
    const why = { reason: 'broken', actor: 'customer' };
    return this.startWorkflow('refundSaga', refundWorkflowId(orderId), { orderId, ...why }, 'ALLOW_DUPLICATE');
  }

  /** The workflow of a request that was let in, as its first event starts it; returns the workflow's id. */
  async startCoupon(requestId: string): Promise<string> {
    const workflowId = couponWorkflowId(requestId);
    const record = { topic: TOPICS.couponIssue, partition: 0, offset: '0', timestamp: String(Date.now()) };
    await this.startWorkflow('couponSaga', workflowId, { requestId, replayCount: 0, record });
    return workflowId;
  }

  /** Many dead letters sent back, as the api starts it; returns the workflow's id. */
  async startReplay(bulkId: string, filter: DeadLetterReplayInput['filter'], ratePerSecond: number): Promise<string> {
    const workflowId = deadLetterReplayWorkflowId(bulkId);
    const input: DeadLetterReplayInput = { bulkId, filter, ratePerSecond, actor: 'lee', reason: 'well again' };
    await this.startWorkflow('deadLetterReplay', workflowId, input);
    return workflowId;
  }

  /** How long the workflow's history is. */
  async eventsOf(workflowId: string): Promise<number> {
    return (await this.handle(workflowId).describe()).historyLength;
  }

  private startWorkflow(
    name: keyof typeof WORKFLOWS,
    workflowId: string,
    input: unknown,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' | 'REJECT_DUPLICATE' = 'REJECT_DUPLICATE',
  ): Promise<unknown> {
    return this.client.workflow.start(WORKFLOWS[name], {
      workflowId,
      taskQueue: TASK_QUEUE_OF[name],
      args: [input],
      workflowIdReusePolicy,
    });
  }

  orderHandle(orderId: number) {
    return this.handle(orderWorkflowId(orderId));
  }

  refundHandle(orderId: number) {
    return this.handle(refundWorkflowId(orderId));
  }

  handle(workflowId: string) {
    return this.client.workflow.getHandle(workflowId);
  }

  saga(orderId: number): Promise<SagaView> {
    return this.orderHandle(orderId).query<SagaView>(QUERIES.saga);
  }

  async signal(orderId: number, name: string, ...args: unknown[]): Promise<void> {
    await this.orderHandle(orderId).signal(name, ...args);
  }

  shipmentUpdate(orderId: number, status: ShipmentStatus): Promise<void> {
    return this.signal(orderId, SIGNALS.shipmentUpdated, { eventId: randomUUID(), status });
  }

  resolve(orderId: number, step: string, decision: string, more: Record<string, unknown> = {}): Promise<void> {
    return this.signal(orderId, SIGNALS.resolveCompensation, { ...aDecision(step, decision), ...more });
  }

  cancel(orderId: number): Promise<unknown> {
    return this.orderHandle(orderId).executeUpdate(UPDATES.cancel, {
      args: [{ reason: 'changed my mind', actor: 'customer' }],
    });
  }
}

/** A whole decision of a person, under a new id. */
export function aDecision(step: string, decision: string) {
  return { decisionId: randomUUID(), step, decision, reason: 'agreed by phone', actor: 'lee' };
}
