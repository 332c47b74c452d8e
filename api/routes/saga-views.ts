import type { OutboxView, SagaDetails, SagaSummary, SagaWait, SagaWorkflow } from '../../contracts/responses/sagas';
import { ORDER_STEPS } from '../../contracts/workflow/attempt-steps';
import { type SagaView, stepAt } from '../../contracts/workflow-api';
import type { Order } from '../../db/orders';
import type { StoredOutboxRow } from '../../db/outbox';
import type { StoredSaga, StoredSagaDetails } from '../../db/saga-details';
import type { StepRecord } from '../../db/saga-steps';
import type { DescribedWorkflow } from '../../temporal/workflows';

export function sagaSummary({ id, statusReason, totalMinor, updatedAt, ...saga }: StoredSaga): SagaSummary {
  return {
    orderId: id,
    ...saga,
    reason: statusReason,
    totalAmount: totalMinor,
    lastUpdated: updatedAt.toISOString(),
  };
}

export function sagaDetails(
  order: Order,
  steps: readonly StepRecord[],
  stored: StoredSagaDetails,
  fromTemporal: Pick<SagaDetails, 'workflow' | 'refund' | 'waits'>,
): SagaDetails {
  const at = <Row extends { readonly at: Date }>(row: Row) => ({ ...row, at: row.at.toISOString() });
  return {
    order: {
      orderId: order.id,
      userId: order.userId,
      status: order.status,
      sagaState: order.sagaState,
      reason: order.statusReason,
      totalAmount: order.totalMinor,
      discountAmount: order.discountMinor,
      couponCode: order.couponCode,
      currency: order.currency,
      holdExpiresAt: order.holdExpiresAt?.toISOString() ?? null,
      createdAt: order.createdAt.toISOString(),
      lastUpdated: order.updatedAt.toISOString(),
    },
    steps: steps
      .map(({ orderId: _, updatedAt, ...step }) => ({ ...step, updatedAt: updatedAt.toISOString() }))
      .sort((a, b) => a.attempt - b.attempt || ORDER_STEPS.indexOf(a.step) - ORDER_STEPS.indexOf(b.step)),
    requests: stored.requests.map(({ createdAt, updatedAt, ...request }) => ({
      ...request,
      createdAt: createdAt.toISOString(),
      updatedAt: updatedAt.toISOString(),
    })),
    money: stored.money.map(at),
    stock: stored.stock.map(at),
    resolutions: stored.resolutions.map(at),
    timeline: stored.timeline.map(at),
    deadLetters: stored.deadLetters.map(at),
    waitingRecords: stored.waitingRecords,
    releases: stored.releases.map(at),
    ...(stored.retryAt ? { retryAt: stored.retryAt.toISOString() } : {}),
    ...fromTemporal,
  };
}

/** `webUi`: the address of Temporal's Web UI and the namespace. */
export function sagaWorkflow(
  { workflowId, runId, status, startedAt, closedAt }: DescribedWorkflow,
  webUi: { readonly address: string | undefined; readonly namespace: string },
): SagaWorkflow {
  const page = `namespaces/${encodeURIComponent(webUi.namespace)}/workflows/${encodeURIComponent(workflowId)}/${runId}`;
  return {
    workflowId,
    runId,
    status,
    startedAt: startedAt.toISOString(),
    ...(closedAt ? { closedAt: closedAt.toISOString() } : {}),
    ...(webUi.address === undefined ? {} : { url: `${webUi.address.replace(/\/$/, '')}/${page}` }),
  };
}

export function sagaWait(workflowId: string, saga: SagaView): SagaWait {
  const retryOf = (name: string) => {
    const found = saga.steps.find(({ step, state }) => step === name && state === 'UNDO_FAILED');
    return found && stepAt(found, new Date()).nextRetryAt;
  };
  const stuck = saga.parked.map(({ step, attempt, code, isUndo }) => {
    const at = isUndo ? retryOf(step) : undefined;
    return {
      step,
      code,
      isUndo,
      ...(attempt === undefined ? {} : { attempt }),
      ...(at === undefined ? {} : { nextRetryAt: at }),
    };
  });
  const [nextRetryAt] = stuck.flatMap((step) => step.nextRetryAt ?? []).sort();
  return {
    workflowId,
    waitingFor: saga.waitingFor,
    amountAtRisk: saga.amountAtRiskMinor,
    ...(nextRetryAt === undefined ? {} : { nextRetryAt }),
    stuck,
  };
}

export function outboxRowView(
  row: Pick<StoredOutboxRow, 'id' | 'topic' | 'key' | 'lane' | 'createdAt' | 'availableAt'>,
): OutboxView['rows'][number] {
  return { ...row, createdAt: row.createdAt.toISOString(), availableAt: row.availableAt.toISOString() };
}
