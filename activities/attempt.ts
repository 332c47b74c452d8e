import { ApplicationFailure } from '@temporalio/activity';
import type { AttemptFacts } from '../contracts/workflow/attempt-steps';
import type { Db, Trx } from '../db/connection';
import { notifyCustomer } from '../db/customer-notifications';
import { changeOrder, isShownLater, type Order, setSagaState } from '../db/orders';
import {
  closeRequests,
  findRequest,
  type ProcessingRequest,
  recordFailure,
  replacePendingRetries,
  setRequestState,
} from '../db/requests';
import { keyOfStep } from '../db/saga-steps';
import { sellHeldStock } from '../db/stock';
import { addToTimeline } from '../db/timeline';
import type { FailureCause, FailureKind } from '../domain/failure';
import type { OrderStatus } from '../domain/order-status';
import { factsOf, requireDone, requireRunning, requireUndone } from './attempt-fence';
import { failure } from './failure';
import { giveUpRequest, type RetryPolicy, scheduleRetry } from './retry';
import type { RequestStepCall, StepCall } from './step-call';
import { HOLD_EXPIRED, move, withOrder } from './with-order';

export type Beginning =
  | (AttemptFacts & {
      readonly accepted: true;
      /** This very attempt is over: a workflow task that was lost had come so far. FAILED: it is to be undone, or has been. */
      readonly ended?: 'DONE' | 'FAILED';
      /** Why it FAILED, where that is known, and how far the order had come. */
      readonly failure?: FailureCause;
      readonly status?: OrderStatus;
    })
  | { readonly accepted: false; readonly why: string };

/** How an attempt has ended that was accepted. */
export type AttemptEnd = { readonly ended: 'DONE' } | { readonly ended: 'FAILED'; readonly failure?: FailureCause };

/** What becomes of an attempt that failed and was undone. */
export type AfterFailure = 'AWAIT_CUSTOMER' | 'CANCEL' | 'RETRY' | 'GIVE_UP';

/** Why an attempt failed, and what follows. */
export interface AttemptFailure extends FailureCause {
  readonly next: AfterFailure;
}

export function createAttemptActivities(deps: { readonly db: Db; readonly retry: RetryPolicy }) {
  const { db } = deps;
  return {
    /**
     * Accepts a request once, and only for an order in PENDING_PAYMENT; a newer request replaces a retry that waits. The
     * same attempt again is accepted again, with how it ended. ORDER_ENDING: its hold has run out.
     */
    async beginAttempt(call: RequestStepCall & { atMs: number }): Promise<Beginning> {
      return withOrder(db, call.orderId, async (trx, order): Promise<Beginning> => {
        const request = await findRequest(trx, call);
        if (!request) return { accepted: false, why: 'REQUEST_NOT_FOUND' };
        const accepted = { accepted: true, ...factsOf(order, request.event) } as const;
        if (request.attempt === call.attempt) {
          if (request.state === 'DONE') return { ...accepted, ended: 'DONE' };
          if (request.state === 'RUNNING' && request.failure === null) return accepted;
          const { status } = order;
          return { ...accepted, ended: 'FAILED', status, ...(request.failure && { failure: request.failure }) };
        }
        if (request.state !== 'PENDING') return { accepted: false, why: `REQUEST_${request.state}` };
        if (order.status !== 'PENDING_PAYMENT') {
          await setRequestState(trx, call, 'SKIPPED', { reason: `order is ${order.status}` });
          return { accepted: false, why: `ORDER_${order.status}` };
        }
        // Its stock may be gone already: a workflow task that was lost can have come so far.
        if (order.sagaState === 'COMPENSATING' && order.statusReason === HOLD_EXPIRED) {
          await setRequestState(trx, call, 'SKIPPED', { reason: HOLD_EXPIRED });
          return { accepted: false, why: 'ORDER_ENDING' };
        }
        await setRequestState(trx, call, 'RUNNING', { attempt: call.attempt });
        await replacePendingRetries(trx, order.id);
        await setSagaState(trx, order.id, { state: 'RUNNING', at: new Date(call.atMs) });
        return accepted;
      });
    },

    /**
     * Ends an attempt that has failed in its workflow: from here on it can only be undone, however late a settlement is. The
     * first cause stays; DONE: it was settled before.
     */
    async closeAttempt(call: RequestStepCall & FailureCause): Promise<AttemptEnd> {
      return withOrder(db, call.orderId, async (trx): Promise<AttemptEnd> => {
        const request = await findRequest(trx, call);
        if (request?.state === 'DONE') return { ended: 'DONE' };
        const failure = request?.failure ?? { code: call.code, kind: call.kind };
        await recordFailure(trx, call, failure);
        return { ended: 'FAILED', failure };
      });
    },

    /** The money is taken and the parcel ordered; what remains is the warehouse. */
    async completePayment(call: RequestStepCall & { atMs: number }): Promise<void> {
      await settling(db, call, async (trx, order, request) => {
        await requireDone(trx, order, request, 'completePayment');
        await move(trx, order, ['PAYMENT_COMPLETED'], { sagaState: 'RUNNING', at: new Date(call.atMs) });
      });
    },

    /** Ends a good attempt: the stock is sold, the request done, the customer notified, all in one transaction. */
    async settleAttempt(call: RequestStepCall & { stored: boolean; atMs: number }): Promise<void> {
      const { stored } = call;
      await settling(db, call, async (trx, order, request) => {
        await requireDone(trx, order, request);
        const path: OrderStatus[] = stored ? ['IN_WAREHOUSE', 'COMPLETED'] : ['PAYMENT_COMPLETED', 'PREPARING'];
        await move(trx, order, path, { sagaState: stored ? 'SETTLED' : 'WAITING', at: new Date(call.atMs) });
        const key = keyOfStep({ orderId: order.id, step: 'stock', attempt: 0 });
        await sellHeldStock(trx, { orderId: order.id, key });
        await setRequestState(trx, call, 'DONE');
        if (stored) await closeRequests(trx, order.id);
        await notifyCustomer(trx, order, stored ? 'STORED' : 'PREPARING');
      });
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
      return withOrder(db, call.orderId, async (trx, order): Promise<AttemptFailure> => {
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
        await addToTimeline(trx, [{ orderId: order.id, at, type: 'request', data, dedupeKey: failureKey(call) }]);
        const occurrence = String(call.attempt);
        if (call.next === 'RETRY') {
          await scheduleRetry(trx, request, deps.retry, at);
          await notifyCustomer(trx, order, 'RETRY_SCHEDULED', { occurrence });
        } else if (call.next === 'GIVE_UP') await giveUpRequest(trx, request, at);
        else if (call.next === 'AWAIT_CUSTOMER')
          await notifyCustomer(trx, order, 'PAYMENT_FAILED', { reason: call.code, occurrence });
        // Last: it erases what a retry or a dead letter is made of.
        await setRequestState(trx, call, 'FAILED', { reason: call.code });
        return failed;
      });
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

/**
 * Writes the good end of an attempt, or a part of it, once; nothing where the attempt was settled before. All or nothing:
 * a move that the database refuses here fails the attempt, which is then undone.
 */
async function settling(
  db: Db,
  call: RequestStepCall,
  write: (trx: Trx, order: Order, request: ProcessingRequest) => Promise<void>,
): Promise<void> {
  try {
    await withOrder(db, call.orderId, async (trx, order) => {
      const request = await requireRunning(trx, call);
      if (request) await write(trx, order, request);
    });
  } catch (error) {
    if (error instanceof ApplicationFailure && error.type === 'ILLEGAL_MOVE') throw failure('REFUSED', 'ILLEGAL_MOVE');
    throw error;
  }
}
