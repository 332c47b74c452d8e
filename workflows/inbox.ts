import { ApplicationFailure, condition, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import {
  type CancelRequest,
  type CancelResult,
  type Compensate,
  type PaymentRequested,
  type ResolveCompensation,
  SHIPMENT_STATUSES,
  type ShipmentUpdated,
  SIGNALS,
  UPDATES,
} from '../contracts/workflow-api';
import { DECISIONS } from '../domain/saga-state';
import type { Resolution } from './saga';

const paymentRequested = defineSignal<[PaymentRequested]>(SIGNALS.paymentRequested);
const shipmentUpdated = defineSignal<[ShipmentUpdated]>(SIGNALS.shipmentUpdated);
const compensate = defineSignal<[Compensate]>(SIGNALS.compensate);
const resolveCompensation = defineSignal<[ResolveCompensation]>(SIGNALS.resolveCompensation);
const refundStarted = defineSignal(SIGNALS.refundStarted);
const cancel = defineUpdate<CancelResult, [CancelRequest]>(UPDATES.cancel);
const resolve = defineUpdate<void, [ResolveCompensation]>(UPDATES.resolve);

/** A wish to cancel, and what became of it. */
export interface Cancellation {
  readonly code: string;
  readonly reason: string;
  readonly actor: string;
  /** Set when it ended: null if the order is cancelled, else the code of what stood against it. */
  refusedBy?: string | null;
}

/** What the order asks of the outside world's messages. */
export interface InboxHost {
  /** Why a cancel is impossible now; undefined: it is possible. */
  whyNotCancellable(): string | undefined;
  /** Why a decision can't be taken; undefined: it is taken. */
  decide(resolution: Resolution): string | undefined;
  /** Stops waiting for a call in flight. */
  interrupt(): void;
  /** Writes down that something impossible was asked for. */
  noteRefusal(what: string, why: string): Promise<void>;
}

/**
 * Everything people and systems send to an order's workflow. Handlers only record, and never throw on bad input: what
 * can't be done becomes a refusal in the order's timeline.
 */
export class Inbox {
  readonly payments: PaymentRequested[] = [];
  readonly shipments: ShipmentUpdated[] = [];
  cancellation: Cancellation | undefined;
  isRefunding = false;
  private readonly seen = new Set<string>();

  constructor(private readonly host: InboxHost) {
    setHandler(paymentRequested, (request) => this.takePayment(request));
    setHandler(shipmentUpdated, (update) => this.takeShipment(update));
    setHandler(refundStarted, () => {
      this.isRefunding = true;
    });
    setHandler(compensate, (wish) => this.takeCompensate(wish));
    setHandler(resolveCompensation, (decision) => {
      const why = isResolution(decision) ? this.host.decide(decision) : RESOLUTION_SHAPE;
      return why ? this.host.noteRefusal(SIGNALS.resolveCompensation, why) : undefined;
    });
    setHandler(cancel, (wish) => this.takeCancel(wish), {
      validator: (wish) => {
        const why = isReasoned(wish) ? this.host.whyNotCancellable() : 'expected {reason, actor}';
        if (why) throw ApplicationFailure.nonRetryable(why, 'NOT_CANCELLABLE');
      },
    });
    setHandler(
      resolve,
      (decision) => {
        const why = this.host.decide(decision);
        if (why) throw ApplicationFailure.nonRetryable(why, 'NOT_RESOLVABLE');
      },
      {
        validator: (decision) => {
          if (!isResolution(decision)) throw ApplicationFailure.nonRetryable(RESOLUTION_SHAPE, 'NOT_RESOLVABLE');
        },
      },
    );
  }

  /** A cancel that is still to be carried out. */
  get openCancellation(): Cancellation | undefined {
    return this.cancellation?.refusedBy === undefined ? this.cancellation : undefined;
  }

  /** Ends the open cancel: null, as the order is cancelled, or the code of what stood against it. */
  closeCancellation(refusedBy: string | null): void {
    if (this.openCancellation && this.cancellation) this.cancellation.refusedBy = refusedBy;
  }

  /** Records a cancel where the order's state allows one; the first wish stands. */
  async requestCancel(code: string, reason: string, actor: string): Promise<void> {
    const why = this.host.whyNotCancellable();
    if (why) return this.host.noteRefusal(code, why);
    if (this.openCancellation) return;
    this.cancellation = { code, reason, actor };
    this.host.interrupt();
  }

  private async takeCancel(wish: CancelRequest): Promise<CancelResult> {
    const recorded = this.requestCancel('CANCELLED_BY_CUSTOMER', wish.reason, wish.actor);
    const mine = this.openCancellation;
    await recorded;
    if (!mine) return { accepted: false, refusedBy: this.host.whyNotCancellable() ?? 'NOT_CANCELLABLE' };
    await condition(() => mine.refusedBy !== undefined);
    return mine.refusedBy ? { accepted: false, refusedBy: mine.refusedBy } : { accepted: true };
  }

  private async takeCompensate(wish: Compensate): Promise<void> {
    if (!isReasoned(wish))
      return this.host.noteRefusal(SIGNALS.compensate, 'expected {"reason": "...", "actor": "..."}');
    const code = wish.code === 'STOCK_FAILED_ELSEWHERE' ? wish.code : 'CANCELLED_BY_OPERATOR';
    return this.requestCancel(code, wish.reason, wish.actor);
  }

  private async takePayment(request: PaymentRequested): Promise<void> {
    if (typeof request?.eventId !== 'string' || !Number.isInteger(request.retryCount))
      return this.host.noteRefusal(SIGNALS.paymentRequested, 'expected {"eventId": "...", "retryCount": 0}');
    if (this.isNew(`payment:${request.eventId}#${request.retryCount}`)) this.payments.push(request);
  }

  private async takeShipment(update: ShipmentUpdated): Promise<void> {
    if (typeof update?.eventId !== 'string' || !SHIPMENT_STATUSES.includes(update.status))
      return this.host.noteRefusal(
        SIGNALS.shipmentUpdated,
        `expected {"eventId": "...", "status": "${SHIPMENT_STATUSES.join('" | "')}"}`,
      );
    if (this.isNew(`shipment:${update.eventId}`)) this.shipments.push(update);
  }

  private isNew(key: string): boolean {
    const isNew = !this.seen.has(key);
    this.seen.add(key);
    return isNew;
  }
}

const RESOLUTION_SHAPE =
  'expected {"decisionId", "step", "decision": "RETRY" | "SKIP" | "DONE_EXTERNALLY", "reason", "actor", "reference" for DONE_EXTERNALLY}';

/** Whether this is a whole decision: RETRY, SKIP with a reason, or DONE_EXTERNALLY with a reference. */
export function isResolution(value: unknown): value is Resolution {
  const given = (value ?? {}) as Partial<Record<keyof ResolveCompensation, unknown>>;
  const isText = (field: unknown) => typeof field === 'string' && field.length > 0;
  return (
    isText(given.decisionId) &&
    isText(given.step) &&
    isText(given.reason) &&
    isText(given.actor) &&
    DECISIONS.some((decision) => decision === given.decision) &&
    (given.decision !== 'DONE_EXTERNALLY' || isText(given.reference))
  );
}

function isReasoned(value: unknown): value is { reason: string; actor: string } {
  const given = (value ?? {}) as { reason?: unknown; actor?: unknown };
  return typeof given.reason === 'string' && typeof given.actor === 'string';
}
