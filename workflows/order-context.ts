import { CancellationScope, condition, currentUpdateInfo, workflowInfo } from '@temporalio/workflow';
import type { OrderPolicy, Resumption, StepsLeft } from '../activities/stock';
import { ORDER_STEPS, type OrderFacts } from '../contracts/workflow/attempt-steps';
import type { CancelRequest } from '../contracts/workflow/messages';
import { isCancellable, type OrderStatus } from '../domain/order-status';
import type { SagaState } from '../domain/saga-state';
import { activities, type LocalActivities } from './activity-calls';
import { receiveDecisions } from './decisions';
import { type Canceller, OrderMessages } from './order-messages';
import { recordRefusal, sagaOfOrder } from './order-sagas';
import { type Settlement, undoableStep } from './order-steps';
import { OrderView } from './order-view';
import type { Saga } from './saga/saga';
import { type Step, StepFailed } from './saga/step';

/** Past this many events an order waits for a person: no honest order gets there. */
const MAX_EVENTS = 2_000;
const HISTORY_TOO_LONG = 'HISTORY_TOO_LONG';

/** What an order's workflow works with: its saga, its messages, its view, and the rules of cancelling. */
export class OrderContext {
  readonly view: OrderView;
  readonly saga: Saga;
  readonly messages: OrderMessages;
  /** Activities in our own database; one that cannot succeed waits for a person. */
  readonly activities: LocalActivities;
  policy: OrderPolicy | undefined;
  /** Known, as its policy, once its stock is held. */
  facts: OrderFacts = { totalMinor: 0, hasCoupon: false };
  readonly settlement: Settlement = { isSettled: false };
  /** The steps of the attempt that was settled: a later cancel undoes them. */
  paid: readonly Step[] = [];
  /** Why it is cancelled where no cancel has come in. */
  endedBecause = { code: 'CANCELLED_BY_CUSTOMER', reason: '' };
  isEnding = false;
  /** How far another run had come with the order. */
  resumedAt: OrderStatus | undefined;
  /** What was left of its hold then. */
  holdLeftMs: number | undefined;
  /** Nobody can end the order any more: it goes on, however long its history is. */
  mayGoOnForLong = false;

  constructor(readonly orderId: number) {
    this.view = new OrderView(orderId, 'CREATED');
    const { saga, activities: ensured } = sagaOfOrder(orderId, this.view, {
      policy: () => this.policy,
      // Before the order is known to be this run's, nothing of it may be undone.
      isGivenUp: () => this.isCancelled && !this.isEnding && this.policy !== undefined,
    });
    this.saga = saga;
    this.activities = ensured;
    const refuse = (what: string, why: string) => recordRefusal(orderId, what, why);
    this.messages = new OrderMessages({
      whyNotCancellable: (by) => this.whyNotCancellable(by),
      recordCancel: (command) => this.recordCancel(command),
      interrupt: () => saga.interrupt(),
      recordRefusal: refuse,
    });
    receiveDecisions(saga.parking, refuse);
  }

  /** Goes on where another run of the order has ended: an attempt that is under way, or was settled, is taken up again. */
  resume({ status, holdLeftMs, attempt, declines, refusals, requests }: Resumption): void {
    this.resumedAt = status;
    this.holdLeftMs = holdLeftMs;
    Object.assign(this.view, { attempt, declines, refusals });
    for (const request of requests) this.messages.takeOver(request);
  }

  /** Goes on with the undo of all that another run had done, and had begun to undo. */
  resumeUndo({ status, left, isSettled }: StepsLeft, policy: OrderPolicy): void {
    const { orderId, settlement, saga, view } = this;
    view.moveTo(status);
    settlement.isSettled = isSettled;
    const inOrder = [...left].sort(
      (one, other) => one.attempt - other.attempt || ORDER_STEPS.indexOf(one.step) - ORDER_STEPS.indexOf(other.step),
    );
    saga.plan(...inOrder.map(({ step, attempt }) => undoableStep(step, { orderId, attempt }, policy, settlement)));
  }

  cancelledInTemporal(): void {
    void this.messages.requestCancel('operator', 'CANCELLED_IN_TEMPORAL', 'cancelled in Temporal', 'temporal');
  }

  /** The order has become one that can't be cancelled since the cancel was taken. */
  async refuseCancel(why: string): Promise<void> {
    if (this.messages.openCancellation) await recordRefusal(this.orderId, this.messages.openCancellation.code, why);
    this.messages.closeCancellation(why);
  }

  get isCancelled(): boolean {
    return this.messages.openCancellation !== undefined;
  }

  /** Passes `next` on unless a cancel has come in: then nothing more is begun. */
  unlessCancelled<Next>(next: Next): Next {
    if (this.isCancelled)
      throw new StepFailed('order', { code: 'INTERRUPTED', message: 'cancelled', kind: 'INTERRUPTED' });
    return next;
  }

  whyNotCancellable(by: Canceller): string | undefined {
    if (this.isEnding) return 'ALREADY_ENDING';
    if (this.saga.parking.hasUndos || (this.saga.parking.isBlocked && by === 'customer')) return 'NEEDS_OPERATOR';
    return isCancellable(this.view.status) ? undefined : `ORDER_${this.view.status}`;
  }

  /** Waits for `isReady`, at most `timeoutMs`; an order with too long a history waits for its end only. */
  async until(isReady: () => boolean, timeoutMs?: number): Promise<void> {
    const isEnough = () => isReady() || this.isTooLong;
    if (timeoutMs === undefined) await condition(isEnough);
    else if (timeoutMs > 0) await condition(isEnough, timeoutMs);
    if (!this.isTooLong) return;
    const isToEnd = () => this.isCancelled || this.messages.isRefunding;
    if (!isToEnd()) await this.parkTooLong();
    await condition(isToEnd);
  }

  private get isTooLong(): boolean {
    const canBeEnded = !this.mayGoOnForLong && isCancellable(this.view.status);
    return canBeEnded && workflowInfo().historyLength > MAX_EVENTS;
  }

  async showCompensating(): Promise<void> {
    this.view.publish('COMPENSATING', 'the undo of its steps');
    await this.showState('COMPENSATING');
  }

  private async showState(state: SagaState, notice?: { code: string; steps?: readonly string[] }): Promise<void> {
    const { orderId, view } = this;
    const shown = { orderId, status: view.status, state, atMs: Date.now() };
    await this.activities.showSagaState(notice ? { ...shown, notice } : shown);
  }

  private async recordCancel({ reason, actor }: CancelRequest): Promise<void> {
    const call = {
      orderId: this.orderId,
      requestId: currentUpdateInfo()?.id ?? workflowInfo().runId,
      reason,
      actor,
    };
    await CancellationScope.nonCancellable(() => activities.noteCancel(call));
  }

  private async parkTooLong(): Promise<void> {
    this.view.publish('NEEDS_OPERATOR', 'a cancel, as too much has come in');
    await this.showState('NEEDS_OPERATOR', { code: HISTORY_TOO_LONG, steps: [] });
    const point = { step: 'history', code: HISTORY_TOO_LONG, isUndo: false, amountAtRiskMinor: 0 };
    await this.activities.listParked({ orderId: this.orderId, points: [point], atMs: Date.now() });
  }
}
