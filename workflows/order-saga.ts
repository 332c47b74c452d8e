import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  TemporalFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { AfterFailure, AttemptEnd } from '../activities/attempt';
import type { RequestStepCall } from '../activities/step-call';
import type { OrderPolicy, Reservation } from '../activities/stock';
import type { OrderSagaInput, PaymentRequested, ShipmentStatus, ShipmentUpdated } from '../contracts/workflow-api';
import type { OrderStatus } from '../domain/order-status';
import { describeFailure, type Failure } from './failures';
import { OrderDesk } from './order-desk';
import { type AcceptedAttempt, type AttemptSteps, attemptSteps, type Settlement, stockStep } from './order-steps';
import { StepFailed } from './saga';

const HOLD_EXPIRED = { code: 'HOLD_EXPIRED', reason: 'not paid in time' };
/** Of an attempt that the database knows to have failed: its code and what follows are recorded there. */
const FAILED_BEFORE: Failure = { code: 'FAILED_BEFORE', message: 'failed before', kind: 'CLOSED' };

const STATUS_OF_PARCEL: Readonly<Record<ShipmentStatus, OrderStatus>> = {
  SHIPMENT_STARTED: 'SHIPMENT_STARTED',
  IN_TRANSIT: 'IN_TRANSIT',
  DELIVERED: 'COMPLETED',
};

/** The life of one order, from its creation until it is completed, cancelled or handed to its refund. */
export async function orderSaga(input: OrderSagaInput): Promise<OrderStatus | 'DUPLICATE'> {
  const order = new OrderLife(input.orderId);
  CancellationScope.current().cancelRequested.catch(() => order.cancelledInTemporal());
  return CancellationScope.nonCancellable(() => order.live());
}

/** The order's story; what it is told with stands in OrderDesk. */
class OrderLife extends OrderDesk {
  private holdLeftMs = 0;
  private retryWaits = false;
  private readonly settlement: Settlement = { isSettled: false };
  /** The steps of the attempt that went well: what a later cancel takes back. */
  private paid: AttemptSteps | undefined;
  private endedBecause = { code: 'CANCELLED_BY_CUSTOMER', reason: '' };

  async live(): Promise<OrderStatus | 'DUPLICATE'> {
    try {
      return await this.story();
    } catch (error) {
      // A cancel has ended the wait for what could not be done.
      if (error instanceof StepFailed && this.isCancelled) return this.cancel();
      throw asWorkflowFailure(error);
    }
  }

  private async story(): Promise<OrderStatus | 'DUPLICATE'> {
    const reservation = await this.reserveStock();
    if (reservation === 'DUPLICATE') return this.leaveToTheOther();
    if (reservation === 'SHORT') return this.end('CANCELLED', 'STOCK_SHORTAGE');
    if (reservation === 'INTERRUPTED' || !(await this.payAndShip(reservation))) return this.cancel();
    if (this.board.status === 'COMPLETED') return this.end('COMPLETED');
    const arrived = await this.followDelivery();
    return arrived ? this.end(arrived) : this.cancel();
  }

  /** Another run has the order: whatever was asked of this one is refused, and nothing of the order is touched. */
  private async leaveToTheOther(): Promise<'DUPLICATE'> {
    this.isEnding = true;
    await this.refuseCancel('DUPLICATE');
    await condition(allHandlersFinished);
    return 'DUPLICATE';
  }

  private async reserveStock(): Promise<OrderPolicy | 'SHORT' | 'DUPLICATE' | 'INTERRUPTED'> {
    const step = stockStep(this.orderId, workflowInfo().firstExecutionRunId, this.settlement, () => this.policy);
    const reservation: Reservation = await this.saga.run(step);
    if (reservation.outcome === 'UNKNOWN_ORDER')
      throw ApplicationFailure.nonRetryable(`there is no order ${this.orderId}`, 'ORDER_NOT_FOUND');
    if (reservation.outcome === 'CLOSED') return 'INTERRUPTED';
    if (reservation.outcome !== 'HELD') return reservation.outcome;
    this.policy = reservation.policy;
    this.board.totalMinor = reservation.totalMinor;
    this.board.moveTo('PENDING_PAYMENT');
    this.holdLeftMs = reservation.policy.stockHoldMs;
    return reservation.policy;
  }

  /** Serves requests until one is paid and under way: true; or the order is to be cancelled: false. */
  private async payAndShip(policy: OrderPolicy): Promise<boolean> {
    for (;;) {
      const request = await this.nextRequest();
      if (!request) return false;
      const attempt = this.board.attempt + 1;
      const call = { orderId: this.orderId, attempt, eventId: request.eventId, retryCount: request.retryCount };
      const beginning = await this.own.beginAttempt({ ...call, atMs: Date.now() });
      if (!beginning.accepted) {
        if (beginning.why !== 'ORDER_ENDING') continue;
        this.endedBecause = HOLD_EXPIRED;
        return false;
      }
      this.board.attempt = attempt;
      this.retryWaits = false;
      this.board.holdExpiresAt = undefined;
      const steps = attemptSteps(call, beginning, policy, this.settlement);
      this.saga.plan(...Object.values(steps));
      this.board.show('RUNNING', `the steps of attempt ${attempt}`);
      const failure = beginning.ended ? FAILED_BEFORE : await this.doSteps(call, steps);
      const end: AttemptEnd = failure ? await this.endOf(call, beginning) : { ended: 'DONE' };
      if (end.ended === 'DONE') {
        for (const step of Object.values(steps)) this.saga.keep(step);
        this.settlement.isSettled = true;
        this.board.moveTo(steps.store ? 'COMPLETED' : 'PREPARING');
        this.paid = steps;
        return true;
      }
      await this.undoAttempt(attempt);
      if (this.inbox.openCancellation) return false;
      if (!(await this.goOnAfter(reasonOf(failure ?? FAILED_BEFORE, end), call, policy))) return false;
    }
  }

  /** Does the attempt's steps and settles it; returns why it failed. */
  private async doSteps(call: RequestStepCall, steps: AttemptSteps): Promise<Failure | undefined> {
    try {
      if (steps.redeem) await this.saga.run(this.unlessCancelled(steps.redeem));
      if (steps.charge) await this.saga.run(this.unlessCancelled(steps.charge));
      await this.saga.run(this.unlessCancelled(steps.ship));
      if (steps.store) {
        await this.own.completePayment({ ...call, atMs: Date.now() });
        this.board.moveTo('PAYMENT_COMPLETED');
        await this.saga.run(this.unlessCancelled(steps.store));
      }
      const stored = steps.store !== undefined;
      await this.own.settleAttempt({ ...this.unlessCancelled(call), stored, atMs: Date.now() });
      return undefined;
    } catch (error) {
      return failureOf(error);
    }
  }

  /** How an attempt ends that failed here: a workflow task that was lost may have settled it, and then nothing is undone. */
  private async endOf(call: RequestStepCall, { ended, refusal }: AcceptedAttempt): Promise<AttemptEnd> {
    return ended ? { ended, ...(refusal && { refusal }) } : this.own.closeAttempt(call);
  }

  /** The next request to pay; undefined: cancelled, or the hold ran out with no request accepted in time. */
  private async nextRequest(): Promise<PaymentRequested | undefined> {
    let deadline = Date.now() + this.holdLeftMs;
    let isClockStopped = this.retryWaits;
    this.board.holdExpiresAt = isClockStopped ? undefined : deadline;
    this.board.publish(
      'WAITING',
      isClockStopped ? 'the retry, or another payment of the customer' : 'the payment of the customer',
    );
    for (;;) {
      // What stops the clock is looked at again and again, so that a request that got lost holds no stock for ever.
      const leftMs = isClockStopped ? this.policy?.stockHoldMs : deadline - Date.now();
      await this.until(() => this.inbox.payments.length > 0 || this.isCancelled, leftMs);
      if (!isClockStopped) this.holdLeftMs = Math.max(0, deadline - Date.now());
      // A request that came first was perhaps begun by a worker that died: only serving it finds that out.
      const request = this.inbox.payments.shift();
      if (request) return request;
      if (this.isCancelled) return undefined;
      if (isClockStopped) {
        isClockStopped = await this.own.isRequestOpen({ orderId: this.orderId });
        deadline = Date.now() + this.holdLeftMs;
      } else if (await this.own.expireHold({ orderId: this.orderId, atMs: Date.now() })) {
        this.endedBecause = HOLD_EXPIRED;
        return undefined;
      } else isClockStopped = true;
    }
  }

  /** Follows the parcel: the status the order arrived at, or undefined when it is to be cancelled. */
  private async followDelivery(): Promise<OrderStatus | undefined> {
    for (;;) {
      this.board.publish('WAITING', 'news from the carrier');
      await this.until(() => this.hasNews || this.isCancelled || this.inbox.isRefunding);
      await this.skipLateRequests();
      if (this.inbox.isRefunding) return 'REFUND_REQUESTED';
      const update = this.inbox.shipments.shift();
      // Before a cancel: a worker that died had perhaps taken the news in, and a parcel on its way can't be recalled.
      const status = update && (await this.advance(update));
      if (update && status === 'PARCEL_UNDECIDED') this.inbox.shipments.unshift(update);
      if (status && status !== 'PARCEL_UNDECIDED') {
        if (status !== this.board.status) this.board.moveTo(status);
        if (status === 'COMPLETED' || status === 'REFUND_REQUESTED' || status === 'REFUNDED') return status;
        continue;
      }
      if (!this.isCancelled) continue;
      const why = this.whyNotCancellable('operator');
      if (why) await this.refuseCancel(why);
      else if (await this.recallParcel()) return undefined;
    }
  }

  private advance({ status, eventId }: ShipmentUpdated): Promise<OrderStatus | 'PARCEL_UNDECIDED'> {
    const news = { orderId: this.orderId, to: STATUS_OF_PARCEL[status], eventId };
    return this.own.advanceDelivery({ ...news, isCancelled: this.isCancelled, atMs: Date.now() });
  }

  /** Takes the parcel back first; the carrier has picked it up: the cancel is refused, and nothing else is undone. */
  private async recallParcel(): Promise<boolean> {
    await this.showCompensating();
    const parcel = this.paid?.ship;
    const refusal = parcel && (await this.saga.undoFirst(parcel, ({ code }) => code === 'ALREADY_PICKED_UP'));
    if (!parcel || !refusal) return true;
    this.saga.keep(parcel);
    this.mayGoOnForLong = true;
    await this.own.keepShipment({ orderId: this.orderId, attempt: parcel.attempt });
    await this.own.showSagaState({
      orderId: this.orderId,
      status: this.board.status,
      state: 'WAITING',
      notice: { code: 'CANCEL_REFUSED', reason: refusal.code, actor: this.inbox.openCancellation?.actor ?? '' },
      atMs: Date.now(),
    });
    this.inbox.closeCancellation(refusal.code);
    return false;
  }

  /** Undoes all that stands and ends the order as CANCELLED. */
  private async cancel(): Promise<OrderStatus> {
    this.isEnding = true;
    const { code, reason } = this.inbox.openCancellation ?? this.endedBecause;
    await this.showCompensating();
    await this.saga.compensate();
    await this.own.cancelOrder({ orderId: this.orderId, code, reason, atMs: Date.now() });
    this.inbox.closeCancellation(null);
    return this.end('CANCELLED', code);
  }

  private async end(status: OrderStatus, reason?: string): Promise<OrderStatus> {
    this.isEnding = true;
    this.board.moveTo(status, reason);
    this.inbox.closeCancellation(status === 'CANCELLED' ? null : `ORDER_${status}`);
    this.board.publish('SETTLED', 'nothing');
    do {
      await this.skipLateRequests();
      await this.countLateNews();
      await condition(allHandlersFinished);
    } while (this.hasNews);
    return status;
  }

  /** Requests that came while the order was being paid: written down as skipped, so that none waits for ever. */
  private async skipLateRequests(): Promise<void> {
    for (let late = this.inbox.payments.shift(); late; late = this.inbox.payments.shift())
      await this.own.beginAttempt({ orderId: this.orderId, attempt: 0, ...late, atMs: Date.now() });
  }

  /** The carrier's news of an order that has ended: counted in its timeline. */
  private async countLateNews(): Promise<void> {
    for (let late = this.inbox.shipments.shift(); late; late = this.inbox.shipments.shift()) await this.advance(late);
  }

  private async undoAttempt(attempt: number): Promise<void> {
    await this.showCompensating();
    await this.saga.compensate((step) => step.attempt === attempt && step.name !== 'stock');
  }

  /** What a failed and undone attempt leads to: true if the order stays payable. */
  private async goOnAfter(failure: Failure, call: RequestStepCall, policy: OrderPolicy): Promise<boolean> {
    const planned = this.whatFollows(failure, call.retryCount, policy);
    const atMs = Date.now();
    const holdExpiresAtMs = atMs + this.holdLeftMs;
    const failed = { code: failure.code, kind: failure.kind, next: planned };
    const { code, kind, next } = await this.own.failAttempt({ ...call, ...failed, holdExpiresAtMs, atMs });
    if (kind === 'DECLINED') this.board.declines += 1;
    if (kind === 'REFUSED') this.board.refusals += 1;
    this.board.moveTo('PENDING_PAYMENT', code);
    this.retryWaits = next === 'RETRY';
    if (next === 'CANCEL')
      this.endedBecause = { code: kind === 'DECLINED' ? 'TOO_MANY_DECLINES' : 'TOO_MANY_ATTEMPTS', reason: code };
    if (next === 'GIVE_UP') this.endedBecause = { code: 'RETRIES_EXHAUSTED', reason: code };
    return next === 'AWAIT_CUSTOMER' || next === 'RETRY';
  }

  /** Only a decline speaks about the customer's means of payment, and only a refusal about what was asked for; all else is tried again. */
  private whatFollows({ kind }: Failure, retryCount: number, policy: OrderPolicy): AfterFailure {
    const { declines, refusals } = this.board;
    if (kind === 'DECLINED') return declines + 1 >= policy.maxDeclines ? 'CANCEL' : 'AWAIT_CUSTOMER';
    if (kind === 'REFUSED') return refusals + 1 >= policy.maxAttempts ? 'CANCEL' : 'AWAIT_CUSTOMER';
    return retryCount < policy.maxRetries ? 'RETRY' : 'GIVE_UP';
  }
}

/** Why an attempt failed; of one that was undone before, what a provider had said no to. */
function reasonOf(failure: Failure, { refusal }: AttemptEnd): Failure {
  return failure.kind === 'CLOSED' && refusal ? { ...failure, ...refusal } : failure;
}

function failureOf(error: unknown): Failure {
  return error instanceof StepFailed ? error.failure : describeFailure(error);
}

/** Ends the workflow, and says why; an error of its own code fails the workflow task instead, which a mended version carries on. */
function asWorkflowFailure(error: unknown): unknown {
  if (error instanceof ApplicationFailure || !(error instanceof StepFailed || error instanceof TemporalFailure))
    return error;
  const { code, message } = failureOf(error);
  return ApplicationFailure.nonRetryable(message, code);
}
