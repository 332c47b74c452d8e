import type { AttemptFacts, AttemptMove, OrderStep } from '../contracts/workflow/attempt-steps';
import {
  type AttemptCall,
  type BegunAttempt,
  beginAttempt,
  call,
  makeMove,
  type Settled,
  settleAttempt,
} from '../db/attempts';
import type { Db, Trx } from '../db/connection';
import { notificationText, notifyCustomer } from '../db/customer-notifications';
import { changeOrder, findOrder, isShownLater, setSagaState } from '../db/orders';
import { findRequest, msSinceRequested, recordFailure, setRequestState } from '../db/requests';
import { addToTimeline } from '../db/timeline';
import type { FailureCause, FailureKind } from '../domain/failure';
import type { OrderStatus } from '../domain/order-status';
import { factsOf, requireUndone, stepsBefore } from './attempt-fence';
import { asFailure, failure, kindOf } from './failure';
import { giveUpRequest, type RetryPolicy, scheduleRetry } from './retry';
import type { SagaMeter } from './saga-meter';
import type { RequestStepCall, StepCall } from './step-call';
import { withOrder } from './with-order';

export type Beginning =
  | (AttemptFacts & {
      readonly accepted: true;
      /**
       * This very attempt is over: it was done at once, or a workflow task that was lost had come so far. FAILED: it is to be
       * undone, or has been.
       */
      readonly ended?: 'DONE' | 'FAILED';
      /** Why it FAILED, where that is known, and how far the order had come. */
      readonly failure?: FailureCause;
      readonly status?: OrderStatus;
      /** The step that has been tried already, as one of the whole attempt, and has failed. */
      readonly tried?: OrderStep;
    })
  | { readonly accepted: false; readonly why: string };

/** How an attempt has ended that was accepted. */
export type AttemptEnd =
  | { readonly ended: 'DONE' }
  | { readonly ended: 'FAILED'; readonly failure?: FailureCause; readonly status?: OrderStatus };

/** What becomes of an attempt that failed and was undone. */
export type AfterFailure = 'AWAIT_CUSTOMER' | 'CANCEL' | 'RETRY' | 'GIVE_UP';

/** Why an attempt failed, and what follows. */
export interface AttemptFailure extends FailureCause {
  readonly next: AfterFailure;
}

export function createAttemptActivities(deps: {
  readonly db: Db;
  readonly retry: RetryPolicy;
  readonly meter?: SagaMeter | undefined;
}) {
  const { db, meter } = deps;

  /** The steps that the attempt needs, up to that move. */
  async function needed(request: RequestStepCall, move?: AttemptMove['do']): Promise<OrderStep[]> {
    const [order, kept] = await Promise.all([findOrder(db, request.orderId), findRequest(db, request)]);
    if (!order || !kept) return [];
    const { totalMinor, couponRequestId } = order;
    return stepsBefore(factsOf({ totalMinor, hasCoupon: couponRequestId !== null }, kept.event.requestDto), move);
  }

  return {
    /**
     * Accepts a request once, and only for an order in PENDING_PAYMENT; a newer request replaces a retry that waits. The
     * same attempt again is accepted again, with how it ended. ORDER_ENDING: its hold has run out.
     */
    async beginAttempt(request: RequestStepCall & { atMs: number }): Promise<Beginning> {
      return beginningOf(await call(db, beginAttempt(request, new Date(request.atMs))));
    },

    /**
     * Ends an attempt that has failed in its workflow: from here on it can only be undone, however late a settlement is. The
     * first cause stays; DONE: it was settled before. `status`, where the order is further than PENDING_PAYMENT.
     */
    async closeAttempt(failed: RequestStepCall & FailureCause): Promise<AttemptEnd> {
      return withOrder(db, failed.orderId, async (trx, { status }): Promise<AttemptEnd> => {
        const request = await findRequest(trx, failed);
        if (request?.state === 'DONE') return { ended: 'DONE' };
        const failure = request?.failure ?? { code: failed.code, kind: failed.kind };
        await recordFailure(trx, failed, failure);
        return { ended: 'FAILED', failure, ...(status !== 'PENDING_PAYMENT' && { status }) };
      });
    },

    /** The money is taken and the parcel ordered; what remains is the warehouse. */
    async completePayment(request: RequestStepCall & { atMs: number }): Promise<void> {
      const move: AttemptMove['do'] = 'completePayment';
      const steps = await needed(request, move);
      await ending(() => call(db, makeMove(move, request, steps, new Date(request.atMs))));
    },

    /** Ends a good attempt: the stock is sold, the request done, the customer notified, all in one transaction. */
    async settleAttempt(request: RequestStepCall & { stored: boolean; atMs: number }): Promise<void> {
      const settled = await ending(async () => call(db, settlementOf(request, await needed(request))));
      measureSettled(meter, request.stored, settled);
    },

    /**
     * Ends a failed attempt whose steps are undone: back to PENDING_PAYMENT, with the retry or the dead letter it leads to.
     * Returns what is recorded: an attempt that ended before keeps its end.
     */
    async failAttempt(
      call: RequestStepCall & {
        code: string;
        kind: FailureKind;
        next: AfterFailure;
        holdExpiresAtMs: number;
        atMs: number;
      },
    ): Promise<AttemptFailure> {
      let sinceRequestedMs: number | undefined;
      const ended = await withOrder(db, call.orderId, async (trx, order): Promise<AttemptFailure> => {
        const at = new Date(call.atMs);
        const failed = { code: call.code, kind: call.kind, next: call.next };
        if (order.status === 'CANCELLED') return { ...failed, code: order.statusReason ?? call.code, next: 'CANCEL' };
        const request = await findRequest(trx, call);
        if (request?.state !== 'RUNNING' || request.attempt !== call.attempt) {
          if (order.status === 'PENDING_PAYMENT' && !isShownLater(order, at))
            await setSagaState(trx, order.id, { state: 'WAITING', at });
          return (await recordedFailure(trx, call)) ?? failed;
        }
        await requireUndone(trx, order.id, ({ attempt, step }) => attempt === call.attempt && step !== 'stock');
        const through: OrderStatus[] = order.status === 'PAYMENT_COMPLETED' ? ['PENDING_PAYMENT'] : [];
        await changeOrder(trx, order, { through, sagaState: 'WAITING', reason: call.code, at });
        const holdExpiresAt = new Date(call.holdExpiresAtMs);
        await trx('orders').where({ id: order.id }).update({ hold_expires_at: holdExpiresAt });
        const data = { state: 'FAILED', ...failed, attempt: call.attempt };
        await addToTimeline(trx, [{ orderId: order.id, type: 'request', data, dedupeKey: failureKey(call) }]);
        const occurrence = String(call.attempt);
        if (call.next === 'RETRY') {
          await scheduleRetry(trx, request, deps.retry, at);
          await notifyCustomer(trx, order, 'RETRY_SCHEDULED', { occurrence });
        } else if (call.next === 'GIVE_UP') await giveUpRequest(trx, request, at);
        else if (call.next === 'AWAIT_CUSTOMER')
          await notifyCustomer(trx, order, 'PAYMENT_FAILED', { reason: call.code, occurrence });
        // Last: it erases what a retry or a dead letter is made of.
        await setRequestState(trx, call, 'FAILED', { reason: call.code });
        sinceRequestedMs = await msSinceRequested(trx, call);
        return failed;
      });
      if (sinceRequestedMs !== undefined) meter?.attemptEnded(ended.next, sinceRequestedMs);
      return ended;
    },
  };
}

const failureKey = ({ attempt }: StepCall) => `attempt:${attempt}:failed`;

/** What was recorded when the attempt failed; undefined: it has not. */
async function recordedFailure(trx: Trx, call: StepCall): Promise<AttemptFailure | undefined> {
  const entry = (await trx('timeline')
    .where({ order_id: call.orderId, dedupe_key: failureKey(call) })
    .first('data')) as { data: AttemptFailure } | undefined;
  return entry && { code: entry.data.code, kind: entry.data.kind, next: entry.data.next };
}

/** The end of a good attempt: the goods go to the customer, or into the warehouse. */
export function settlementOf(
  request: RequestStepCall & { readonly stored: boolean; readonly atMs: number },
  steps: readonly OrderStep[],
): AttemptCall<Settled> {
  const { stored: isStored, atMs, ...key } = request;
  const notification = notificationText(isStored ? 'STORED' : 'PREPARING', key.orderId);
  return settleAttempt(key, { steps, isStored, notification, at: new Date(atMs) });
}

/** Not where the attempt was settled before. */
export function measureSettled(meter: SagaMeter | undefined, isStored: boolean, { sinceRequestedMs }: Settled): void {
  if (typeof sinceRequestedMs === 'number')
    meter?.attemptEnded(isStored ? 'IN_WAREHOUSE' : 'PREPARING', sinceRequestedMs);
}

export function beginningOf(begun: BegunAttempt): Beginning {
  if (!begun.accepted) return begun;
  const { request, totalMinor, hasCoupon, ...attempt } = begun;
  return { ...attempt, ...factsOf({ totalMinor, hasCoupon }, request) };
}

/** All or nothing: a move that the database refuses at an attempt's good end fails the attempt, which is then undone. */
async function ending<Result>(write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    const failed = asFailure(error);
    if (failed.type === 'ILLEGAL_MOVE') throw failure('REFUSED', 'ILLEGAL_MOVE');
    // What is unexpected is logged where the activity ends.
    throw kindOf(failed) === 'UNEXPECTED' ? error : failed;
  }
}
