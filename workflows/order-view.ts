import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { defineQuery, setCurrentDetails, setHandler, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { OrderStep } from '../contracts/workflow/attempt-steps';
import { type ParkedPoint, QUERIES, type SagaView, type StatusView, type StepView } from '../contracts/workflow-api';
import { isCancellable, type OrderStatus, statusLabel } from '../domain/order-status';
import type { SagaState } from '../domain/saga-state';
import type { StepProgress } from './saga/step';

const ORDER_STATUS = defineSearchAttributeKey('OrderStatus', SearchAttributeType.KEYWORD);
const SAGA_STATE = defineSearchAttributeKey('SagaState', SearchAttributeType.KEYWORD);
const NEEDS_OPERATOR = defineSearchAttributeKey('NeedsOperator', SearchAttributeType.BOOL);
const AMOUNT_AT_RISK = defineSearchAttributeKey('AmountAtRisk', SearchAttributeType.INT);

/** The order's state, as others read it: queries, search attributes and the Web UI's current details. */
export class OrderView {
  sagaState: SagaState = 'RUNNING';
  reason: string | undefined;
  attempt = 0;
  declines = 0;
  refusals = 0;
  totalMinor = 0;
  holdExpiresAt: number | undefined;
  waitingFor = 'the stock step';
  progress: readonly StepProgress[] = [];
  /** What waits for a person. */
  parked: readonly ParkedPoint[] = [];
  private orderStatus: OrderStatus;
  private lastUpdated = Date.now();
  private published: string;
  private hasNeededOperator = false;

  constructor(
    private readonly orderId: number,
    initial: OrderStatus,
  ) {
    this.orderStatus = initial;
    const { typedSearchAttributes } = workflowInfo();
    const status = typedSearchAttributes.get(ORDER_STATUS);
    const state = typedSearchAttributes.get(SAGA_STATE);
    this.published = status && state ? publication(status, state, 0) : '';
    setHandler(defineQuery<StatusView>(QUERIES.status), () => this.statusView());
    setHandler(defineQuery<SagaView>(QUERIES.saga), () => this.sagaView());
  }

  get status(): OrderStatus {
    return this.orderStatus;
  }

  moveTo(status: OrderStatus, reason?: string): void {
    this.orderStatus = status;
    this.reason = reason;
    this.lastUpdated = Date.now();
  }

  /** What the customer's money is exposed to while the saga waits for a person, in minor units. */
  get amountAtRiskMinor(): number {
    return Math.max(0, ...this.parked.map((point) => point.amountAtRiskMinor));
  }

  /** All of it where it is the money that can't be given back. */
  amountAtRiskOf({ step, isUndo }: Pick<ParkedPoint, 'step' | 'isUndo'>): number {
    return step === 'payment' && isUndo ? this.totalMinor : 0;
  }

  /** Shows the present state: called before each wait and at the end, written only where it changed. */
  publish(sagaState: SagaState, waitingFor: string): void {
    this.show(sagaState, waitingFor);
    const needsOperator = sagaState === 'NEEDS_OPERATOR';
    const next = publication(this.orderStatus, sagaState, this.amountAtRiskMinor);
    if (next === this.published) return;
    this.published = next;
    this.hasNeededOperator ||= needsOperator;
    upsertSearchAttributes([
      { key: ORDER_STATUS, value: this.orderStatus },
      { key: SAGA_STATE, value: sagaState },
      ...(this.hasNeededOperator
        ? [
            { key: NEEDS_OPERATOR, value: needsOperator },
            { key: AMOUNT_AT_RISK, value: this.amountAtRiskMinor },
          ]
        : []),
    ]);
  }

  /** Shows the state in queries and current details alone: for what mostly lasts no longer than a workflow task. */
  show(sagaState: SagaState, waitingFor: string): void {
    this.sagaState = sagaState;
    this.waitingFor = waitingFor;
    setCurrentDetails(this.details());
  }

  private statusView(): StatusView {
    return {
      orderId: this.orderId,
      status: this.orderStatus,
      sagaState: this.sagaState,
      canCancel:
        isCancellable(this.orderStatus) && this.sagaState !== 'NEEDS_OPERATOR' && this.sagaState !== 'COMPENSATING',
      lastUpdated: new Date(this.lastUpdated).toISOString(),
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      steps: this.progress.map(stepView),
    };
  }

  private sagaView(): SagaView {
    return {
      ...this.statusView(),
      attempt: this.attempt,
      declines: this.declines,
      refusals: this.refusals,
      parked: this.parked,
      amountAtRiskMinor: this.amountAtRiskMinor,
      ...(this.holdExpiresAt === undefined ? {} : { holdExpiresAt: new Date(this.holdExpiresAt).toISOString() }),
      waitingFor: this.waitingFor,
    };
  }

  /** Markdown for the Web UI: what a support person wants to know first. */
  private details(): string {
    const rows = this.progress
      .map(stepView)
      .map(
        (step) =>
          `| ${step.step} | ${step.attempt} | ${step.state} | ${step.error ?? ''} | ${step.nextRetryAt ?? ''}${step.retryEveryMs === undefined ? '' : ` and every ${step.retryEveryMs / 60_000} min`} |`,
      );
    return [
      `**Order ${this.orderId}: ${this.orderStatus}** (${statusLabel(this.orderStatus, 'ko')}) · saga ${this.sagaState}${this.reason ? ` · ${this.reason}` : ''}`,
      `Waits for: ${this.waitingFor}`,
      ...(this.sagaState === 'NEEDS_OPERATOR' ? [this.howToResolve()] : []),
      ...(rows.length > 0
        ? [['| step | attempt | state | error | next retry |', '|---|---|---|---|---|', ...rows].join('\n')]
        : []),
    ].join('\n\n');
  }

  private howToResolve(): string {
    const { workflowId } = workflowInfo();
    const by = { reason: 'why', actor: 'you' };
    const step = this.parked[0]?.step;
    const [name, input] = step
      ? ['resolveCompensation', { decisionId: `${workflowId}-${step}-${Date.now()}`, step, decision: 'RETRY', ...by }]
      : ['compensate', by];
    return `A person has to decide:\n\n\`temporal workflow signal --workflow-id ${workflowId} --name ${name} --input '${JSON.stringify(input)}'\``;
  }
}

const publication = (...shown: readonly [status: string, sagaState: string, amountAtRiskMinor: number]): string =>
  JSON.stringify(shown);

/** What customers may see: a code, never a provider's own words. */
function stepView(entry: StepProgress): StepView {
  return {
    step: entry.step.name as OrderStep,
    attempt: entry.step.attempt,
    state: entry.state,
    ...(entry.failure === undefined ? {} : { error: entry.failure.code }),
    ...(entry.retry && { nextRetryAt: new Date(entry.retry.at).toISOString(), retryEveryMs: entry.retry.everyMs }),
  };
}
