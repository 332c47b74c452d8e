import { CancellationScope, condition, currentUpdateInfo, workflowInfo } from '@temporalio/workflow';
import type { OrderPolicy } from '../activities/stock';
import { type CancelRequest, SIGNALS } from '../contracts/workflow-api';
import { isCancellable } from '../domain/order-status';
import type { SagaState } from '../domain/saga-state';
import { durable, type OwnActivities, own, ownActivities, UNDO_RETRY_MS } from './calls';
import { unlessPermanent } from './failures';
import { type Canceller, OrderMessages } from './order-messages';
import type { Settlement } from './order-steps';
import { OrderView } from './order-view';
import { ParkedList } from './parked-list';
import { type Resolution, Saga, type Step, StepFailed } from './saga';

/** Past this many events an order waits for a person: no honest order gets there. */
const MAX_EVENTS = 2_000;
const HISTORY_TOO_LONG = 'HISTORY_TOO_LONG';

/** What the order's story works with: its saga, its messages, its view, and the rules of cancelling. */
export class OrderContext {
  readonly view: OrderView;
  readonly saga: Saga;
  readonly messages: OrderMessages;
  /** Our own activities; one that cannot succeed waits for a person. */
  readonly own: OwnActivities;
  policy: OrderPolicy | undefined;
  readonly settlement: Settlement = { isSettled: false };
  /** The steps of the attempt that went well: what a later cancel takes back. */
  paid: readonly Step[] = [];
  /** Why it is cancelled where no cancel has come in. */
  endedBecause = { code: 'CANCELLED_BY_CUSTOMER', reason: '' };
  isEnding = false;
  /** Nobody can end the order any more: it goes on, however long its history is. */
  mayGoOnForLong = false;

  constructor(readonly orderId: number) {
    this.view = new OrderView(orderId, 'CREATED');
    const parkedList = new ParkedList(orderId, this.view);
    this.saga = new Saga({
      undoRetryMs: () => this.policy?.undoRetryMs ?? UNDO_RETRY_MS,
      parked: (points) => parkedList.show(points),
      recordRetry: (resolution) => this.recordRetry(resolution),
      undecided: (_resolution, why) => this.noteRefusal(SIGNALS.resolveCompensation, why),
      // Before the order is known to be this run's, nothing of it may be undone.
      isGivenUp: () => this.isCancelled && !this.isEnding && this.policy !== undefined,
    });
    this.own = ownActivities((name, work) => this.saga.ensure(name, work));
    this.view.progress = this.saga.progress;
    this.messages = new OrderMessages({
      whyNotCancellable: (by) => this.whyNotCancellable(by),
      whyNotDecidable: (resolution) => this.saga.whyNotDecidable(resolution),
      whyNotNow: (resolution) => this.saga.whyNotNow(resolution),
      decide: (resolution) => this.saga.decide(resolution),
      noteCancel: (command) => this.noteCancel(command),
      interrupt: () => this.saga.interrupt(),
      noteRefusal: (what, why) => this.noteRefusal(what, why),
    });
  }

  cancelledInTemporal(): void {
    void this.messages.requestCancel('operator', 'CANCELLED_IN_TEMPORAL', 'cancelled in Temporal', 'temporal');
  }

  /** The order has become one that can't be cancelled since the cancel was taken. */
  async refuseCancel(why: string): Promise<void> {
    if (this.messages.openCancellation) await this.noteRefusal(this.messages.openCancellation.code, why);
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
    if (this.saga.isParked || (this.saga.isBlocked && by === 'customer')) return 'NEEDS_OPERATOR';
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
    await this.own.showSagaState(notice ? { ...shown, notice } : shown);
  }

  private async noteCancel({ reason, actor }: CancelRequest): Promise<void> {
    const call = {
      orderId: this.orderId,
      requestId: currentUpdateInfo()?.id ?? workflowInfo().runId,
      reason,
      actor,
      atMs: Date.now(),
    };
    await CancellationScope.nonCancellable(() => durable.noteCancel(call));
  }

  async noteRefusal(what: string, why: string): Promise<void> {
    const { orderId } = this;
    await unlessPermanent(
      CancellationScope.nonCancellable(() => own.noteRefusal({ orderId, what, why, atMs: Date.now() })),
    );
  }

  private async recordRetry(resolution: Resolution): Promise<void> {
    await own.recordRetry({ ...resolution, orderId: this.orderId, attempt: this.view.attempt });
  }

  private async parkTooLong(): Promise<void> {
    this.view.publish('NEEDS_OPERATOR', 'a cancel, as too much has come in');
    await this.showState('NEEDS_OPERATOR', { code: HISTORY_TOO_LONG, steps: [] });
    const point = { step: 'history', code: HISTORY_TOO_LONG, isUndo: false, amountAtRiskMinor: 0 };
    await this.own.listParked({ orderId: this.orderId, points: [point], atMs: Date.now() });
  }
}
