import { CancellationScope, condition, uuid4, workflowInfo } from '@temporalio/workflow';
import type { OrderPolicy } from '../activities/stock';
import { type CancelRequest, SIGNALS } from '../contracts/workflow-api';
import { isCancellable } from '../domain/order-status';
import { Board } from './board';
import { durable, own } from './calls';
import { Inbox } from './inbox';
import { Saga, StepFailed } from './saga';

/** Past this many events an order waits for a person: no honest order gets there. */
const MAX_EVENTS = 2_000;

/** Where the order's story is worked on: its saga, what comes in, what is shown, and the rules of cancelling. */
export abstract class OrderDesk {
  protected readonly board: Board;
  protected readonly saga: Saga;
  protected readonly inbox: Inbox;
  protected policy: OrderPolicy | undefined;
  protected isEnding = false;
  /** Nobody can end the order any more: it goes on, however long its history is. */
  protected mayGoOnForLong = false;

  constructor(protected readonly orderId: number) {
    this.board = new Board(orderId, 'CREATED');
    this.saga = new Saga({
      undoRetryMs: () => this.policy?.undoRetryMs ?? 600_000,
      parked: (stuck) => this.showParked(stuck.map((entry) => entry.step.name)),
      stillParked: () => this.board.publish('NEEDS_OPERATOR', 'a decision on the undo that failed'),
      undecided: (_resolution, why) => this.noteRefusal(SIGNALS.resolveCompensation, why),
      unparked: () => this.showCompensating(),
    });
    this.board.progress = this.saga.progress;
    this.inbox = new Inbox({
      whyNotCancellable: () => this.whyNotCancellable(),
      whyNotDecidable: (resolution) => this.saga.whyNotDecidable(resolution),
      whyNotNow: (resolution) => this.saga.whyNotNow(resolution),
      decide: (resolution) => this.saga.decide(resolution),
      noteCancel: (wish) => this.noteCancel(wish),
      interrupt: () => this.saga.interrupt(),
      noteRefusal: (what, why) => this.noteRefusal(what, why),
    });
  }

  cancelledInTemporal(): void {
    void this.inbox.requestCancel('CANCELLED_IN_TEMPORAL', 'cancelled in Temporal', 'temporal');
  }

  /** The order has become one that can't be cancelled since the cancel was taken. */
  protected async refuseCancel(why: string): Promise<void> {
    if (this.inbox.openCancellation) await this.noteRefusal(this.inbox.openCancellation.code, why);
    this.inbox.closeCancellation(why);
  }

  protected get hasNews(): boolean {
    return this.inbox.shipments.length > 0 || this.inbox.payments.length > 0;
  }

  protected get isCancelled(): boolean {
    return this.inbox.openCancellation !== undefined;
  }

  /** Passes `next` on unless a cancel has come in: then nothing more is begun. */
  protected unlessCancelled<Next>(next: Next): Next {
    if (this.isCancelled) throw new StepFailed('order', { code: 'INTERRUPTED', message: 'cancelled', final: false });
    return next;
  }

  protected whyNotCancellable(): string | undefined {
    if (this.isEnding) return 'ALREADY_ENDING';
    if (this.saga.isParked) return 'NEEDS_OPERATOR';
    return isCancellable(this.board.status) ? undefined : `ORDER_${this.board.status}`;
  }

  /** Waits for `isReady`, at most `timeoutMs`; an order with too long a history waits for its end only. */
  protected async until(isReady: () => boolean, timeoutMs?: number): Promise<void> {
    const isEnough = () => isReady() || this.isTooLong;
    if (timeoutMs === undefined) await condition(isEnough);
    else if (timeoutMs > 0) await condition(isEnough, timeoutMs);
    if (!this.isTooLong) return;
    const isToEnd = () => this.isCancelled || this.inbox.isRefunding;
    if (!isToEnd()) await this.showParked([], 'HISTORY_TOO_LONG');
    await condition(isToEnd);
  }

  private get isTooLong(): boolean {
    const canBeEnded = !this.mayGoOnForLong && isCancellable(this.board.status);
    return canBeEnded && workflowInfo().historyLength > MAX_EVENTS;
  }

  protected async showCompensating(): Promise<void> {
    this.board.publish('COMPENSATING', 'the undo of its steps');
    await own.showSagaState({ orderId: this.orderId, state: 'COMPENSATING', atMs: Date.now() });
  }

  private async noteCancel({ reason, actor }: CancelRequest): Promise<void> {
    const call = { orderId: this.orderId, requestId: uuid4(), reason, actor, atMs: Date.now() };
    await CancellationScope.nonCancellable(() => durable.noteCancel(call));
  }

  protected async noteRefusal(what: string, why: string): Promise<void> {
    const { orderId } = this;
    await CancellationScope.nonCancellable(() => own.noteRefusal({ orderId, what, why, atMs: Date.now() }));
  }

  private async showParked(steps: readonly string[], code = 'UNDO_FAILED'): Promise<void> {
    const decision =
      code === 'UNDO_FAILED' ? 'a decision on the undo that failed' : 'a cancel, as too much has come in';
    this.board.publish('NEEDS_OPERATOR', decision);
    const notice = { code, steps };
    await own.showSagaState({ orderId: this.orderId, state: 'NEEDS_OPERATOR', notice, atMs: Date.now() });
  }
}
