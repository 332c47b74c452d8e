import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineSignal,
  defineUpdate,
  setHandler,
} from '@temporalio/workflow';
import {
  asCancelRequest,
  asCompensate,
  asPaymentRequested,
  asShipmentUpdated,
  type CancelRequest,
  type CancelResult,
  type Compensate,
  holdsCard,
  NO_CARD,
  type PaymentRequested,
  SHAPES,
  type ShipmentUpdated,
  SIGNALS,
} from '../contracts/workflow/messages';
import { UPDATES } from '../contracts/workflow-api';

const paymentRequested = defineSignal<[PaymentRequested]>(SIGNALS.paymentRequested);
const shipmentUpdated = defineSignal<[ShipmentUpdated]>(SIGNALS.shipmentUpdated);
const compensate = defineSignal<[Compensate]>(SIGNALS.compensate);
const refundStarted = defineSignal(SIGNALS.refundStarted);
const cancel = defineUpdate<CancelResult, [CancelRequest]>(UPDATES.cancel);

/** A request to cancel, and what became of it. */
export interface Cancellation {
  readonly code: string;
  readonly reason: string;
  readonly actor: string;
  /** Set when it ended: null if the order is cancelled, else the code of the refusal. */
  refusedBy?: string | null;
}

export type Canceller = 'customer' | 'operator';

/** What the messages need from their order. */
export interface MessagesHost {
  /** Why a cancel is impossible now; undefined: it is possible. Operators may do more than customers. */
  whyNotCancellable(by: Canceller): string | undefined;
  /** Records a cancel before anything is undone for it. */
  recordCancel(request: CancelRequest): Promise<void>;
  /** Stops waiting for a call in flight. */
  interrupt(): void;
  /** Records that something impossible was asked for. */
  recordRefusal(what: string, why: string): Promise<void>;
}

/**
 * Everything people and systems send to an order's workflow. Handlers only record, and never throw on bad input: what
 * can't be done becomes a refusal in the order's timeline.
 */
export class OrderMessages {
  readonly payments: PaymentRequested[] = [];
  readonly shipments: ShipmentUpdated[] = [];
  cancellation: Cancellation | undefined;
  isRefunding = false;
  private readonly seen = new Set<string>();

  constructor(private readonly host: MessagesHost) {
    setHandler(paymentRequested, (request) => this.takePayment(request));
    setHandler(shipmentUpdated, (update) => this.takeShipment(update));
    setHandler(refundStarted, () => {
      this.isRefunding = true;
    });
    setHandler(compensate, (request) => this.takeCompensate(request));
    setHandler(cancel, (request) => this.takeCancel(request), {
      validator: (request) => {
        const why = whyUnreadable(request) ?? this.host.whyNotCancellable('customer');
        if (why) throw ApplicationFailure.nonRetryable(why, 'NOT_CANCELLABLE');
      },
    });
  }

  get hasNews(): boolean {
    return this.shipments.length > 0 || this.payments.length > 0;
  }

  /** A cancel that is still to be carried out. */
  get openCancellation(): Cancellation | undefined {
    return this.cancellation?.refusedBy === undefined ? this.cancellation : undefined;
  }

  /** Ends the open cancel: null, as the order is cancelled, or the code of the refusal. */
  closeCancellation(refusedBy: string | null): void {
    if (this.openCancellation && this.cancellation) this.cancellation.refusedBy = refusedBy;
  }

  /** Records a cancel where the order's state allows one; the first request counts. */
  async requestCancel(by: Canceller, code: string, reason: string, actor: string): Promise<void> {
    const why = this.host.whyNotCancellable(by);
    if (why) return this.host.recordRefusal(code, why);
    if (this.openCancellation) return;
    this.cancellation = { code, reason, actor };
    this.host.interrupt();
  }

  private async takeCancel(request: CancelRequest): Promise<CancelResult> {
    // Unlike a signal, an update is in the history only once its workflow task is complete. An activity makes that so
    // first (a timer takes a second): else Temporal, restarted, could forget a cancel whose undo is in the database.
    await this.host.recordCancel(request);
    const recorded = this.requestCancel('customer', 'CANCELLED_BY_CUSTOMER', request.reason, request.actor);
    const mine = this.openCancellation;
    await recorded;
    if (!mine) return { accepted: false, refusedBy: this.host.whyNotCancellable('customer') ?? 'NOT_CANCELLABLE' };
    // Temporal's own Cancel must not end this wait of the caller for its response.
    await CancellationScope.nonCancellable(() => condition(() => mine.refusedBy !== undefined));
    return mine.refusedBy ? { accepted: false, refusedBy: mine.refusedBy } : { accepted: true };
  }

  private async takeCompensate(message: unknown): Promise<void> {
    const request = asCompensate(message);
    if (holdsCard(message)) return this.host.recordRefusal(SIGNALS.compensate, NO_CARD);
    if (!request) return this.host.recordRefusal(SIGNALS.compensate, SHAPES.reasoned);
    return this.requestCancel('operator', request.code ?? 'CANCELLED_BY_OPERATOR', request.reason, request.actor);
  }

  private async takePayment(message: unknown): Promise<void> {
    const request = asPaymentRequested(message);
    if (!request) return this.host.recordRefusal(SIGNALS.paymentRequested, SHAPES.paymentRequested);
    this.takeOver(request);
  }

  /** A request that another run of the order had before this one. */
  takeOver(request: PaymentRequested): void {
    if (this.isNew(keyOf(request))) this.payments.push(request);
  }

  private async takeShipment(message: unknown): Promise<void> {
    const update = asShipmentUpdated(message);
    if (!update) return this.host.recordRefusal(SIGNALS.shipmentUpdated, SHAPES.shipmentUpdated);
    if (this.isNew(`shipment:${update.eventId}`)) this.shipments.push(update);
  }

  private isNew(key: string): boolean {
    const isNew = !this.seen.has(key);
    this.seen.add(key);
    return isNew;
  }
}

const keyOf = ({ eventId, retryCount }: PaymentRequested): string => `payment:${eventId}#${retryCount}`;

function whyUnreadable(request: unknown): string | undefined {
  if (holdsCard(request)) return NO_CARD;
  return asCancelRequest(request) ? undefined : SHAPES.reasoned;
}
