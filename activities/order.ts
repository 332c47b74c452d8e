import { ApplicationFailure } from '@temporalio/activity';
import type { Db, Trx } from '../db/connection';
import { changeOrder, lockOrder, type Order, setSagaState } from '../db/orders';
import { closeRequests, findRequest, hasOpenRequest, replacePendingRetries, setRequestState } from '../db/requests';
import { keyOfStep } from '../db/saga-steps';
import { sellHeldStock } from '../db/stock';
import { addToTimeline } from '../db/timeline';
import { deliveryPath, type OrderStatus } from '../domain/order-status';
import type { SagaState } from '../domain/saga-state';
import { tellCustomer } from './notify';
import { giveUpRequest, type RetryPolicy, scheduleRetry } from './retry';
import type { RequestStepCall } from './step-call';

export type Beginning =
  | {
      readonly accepted: true;
      readonly warehouseStorage: boolean;
      readonly totalMinor: number;
      /** This very attempt is over: a workflow task that was lost had come so far. */
      readonly ended?: 'DONE' | 'FAILED';
    }
  | { readonly accepted: false; readonly why: string };

/** What becomes of an attempt that failed and was undone. */
export type AfterFailure = 'AWAIT_CUSTOMER' | 'CANCEL' | 'RETRY' | 'GIVE_UP';

/** Why an attempt failed, and what follows. */
export interface AttemptFailure {
  readonly code: string;
  readonly next: AfterFailure;
}

/** Nothing that a saga shows of its work may follow upon these; a refund begins by leaving COMPLETED. */
const ENDED: ReadonlySet<OrderStatus> = new Set(['COMPLETED', 'REFUNDED', 'CANCELLED']);

/** The reason of an order that takes no more requests, as nothing came before its hold ran out. */
const HOLD_EXPIRED = 'HOLD_EXPIRED';

export function createOrderActivities(deps: { readonly db: Db; readonly retry: RetryPolicy }) {
  const { db } = deps;

  /** Runs `work` with the order locked, in one transaction; a move that the database refuses is final. */
  async function withOrder<Result>(
    orderId: number,
    work: (trx: Trx, order: Order) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await db.transaction(async (trx) => {
        const order = await lockOrder(trx, orderId);
        if (!order) throw ApplicationFailure.nonRetryable(`there is no order ${orderId}`, 'ORDER_NOT_FOUND');
        return work(trx, order);
      });
    } catch (error) {
      if (isRefusedMove(error)) throw ApplicationFailure.nonRetryable(error.message, 'ILLEGAL_MOVE');
      throw error;
    }
  }

  return {
    /**
     * Accepts a request once, and only for an order in PENDING_PAYMENT; a newer request replaces a retry that waits. The
     * same attempt again is accepted again, and told how it ended. ORDER_ENDING: its hold has run out.
     */
    async beginAttempt(call: RequestStepCall): Promise<Beginning> {
      return withOrder(call.orderId, async (trx, order): Promise<Beginning> => {
        const request = await findRequest(trx, call);
        if (!request) return { accepted: false, why: 'REQUEST_NOT_FOUND' };
        const accepted = {
          accepted: true,
          warehouseStorage: request.event.requestDto.warehouseStorage,
          totalMinor: order.totalMinor,
        } as const;
        if (request.attempt === call.attempt) {
          if (request.state === 'RUNNING') return accepted;
          return { ...accepted, ended: request.state === 'DONE' ? 'DONE' : 'FAILED' };
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
        await setSagaState(trx, order.id, 'RUNNING');
        return accepted;
      });
    },

    /** The money is taken and the parcel ordered; what remains is the warehouse. */
    async completePayment(call: { orderId: number; atMs: number }): Promise<void> {
      await withOrder(call.orderId, (trx, order) =>
        move(trx, order, ['PAYMENT_COMPLETED'], { sagaState: 'RUNNING', at: new Date(call.atMs) }),
      );
    },

    /** Ends a good attempt: the stock is sold, the request done, the customer told, all in one transaction. */
    async settleAttempt(call: RequestStepCall & { stored: boolean; atMs: number }): Promise<void> {
      await withOrder(call.orderId, async (trx, order) => {
        const path: OrderStatus[] = call.stored ? ['IN_WAREHOUSE', 'COMPLETED'] : ['PAYMENT_COMPLETED', 'PREPARING'];
        const moved = await move(trx, order, path, {
          sagaState: call.stored ? 'SETTLED' : 'WAITING',
          at: new Date(call.atMs),
        });
        if (!moved) return;
        const key = keyOfStep({ orderId: order.id, step: 'stock', attempt: 0 });
        await sellHeldStock(trx, { orderId: order.id, key });
        await setRequestState(trx, call, 'DONE');
        if (call.stored) await closeRequests(trx, order.id);
        await tellCustomer(trx, order, call.stored ? 'STORED' : 'PREPARING');
      });
    },

    /**
     * Ends a failed attempt whose steps are undone: back to PENDING_PAYMENT, with the retry or the dead letter it leads to.
     * Returns what stands: an attempt that ended before keeps its end.
     */
    async failAttempt(
      call: RequestStepCall & { code: string; then: AfterFailure; holdExpiresAtMs: number; atMs: number },
    ): Promise<AttemptFailure> {
      return withOrder(call.orderId, async (trx, order): Promise<AttemptFailure> => {
        const failure = { code: call.code, next: call.then };
        if (order.status === 'CANCELLED') return { code: order.statusReason ?? call.code, next: 'CANCEL' };
        const request = await findRequest(trx, call);
        const dedupeKey = `attempt:${call.attempt}:failed`;
        if (request?.state !== 'RUNNING') {
          if (order.status === 'PENDING_PAYMENT') await setSagaState(trx, order.id, 'WAITING');
          const entry = (await trx('timeline').where({ order_id: order.id, dedupe_key: dedupeKey }).first('data')) as
            | { data: AttemptFailure }
            | undefined;
          return entry ? { code: entry.data.code, next: entry.data.next } : failure;
        }
        const at = new Date(call.atMs);
        await setRequestState(trx, call, 'FAILED', { reason: call.code });
        await changeOrder(trx, order, {
          through: order.status === 'PAYMENT_COMPLETED' ? ['PENDING_PAYMENT'] : [],
          sagaState: 'WAITING',
          reason: call.code,
          at,
        });
        await trx('orders')
          .where({ id: order.id })
          .update({ hold_expires_at: new Date(call.holdExpiresAtMs) });
        await addToTimeline(trx, [
          {
            orderId: order.id,
            at,
            type: 'request',
            data: { state: 'FAILED', ...failure, attempt: call.attempt },
            dedupeKey,
          },
        ]);
        const occurrence = String(call.attempt);
        if (call.then === 'RETRY') {
          await scheduleRetry(trx, request, deps.retry, at);
          await tellCustomer(trx, order, 'RETRY_SCHEDULED', { occurrence });
        } else if (call.then === 'GIVE_UP') await giveUpRequest(trx, request, at);
        else if (call.then === 'AWAIT_CUSTOMER')
          await tellCustomer(trx, order, 'PAYMENT_FAILED', { reason: call.code, occurrence });
        return failure;
      });
    },

    /** Whether a request that was accepted may still lead to a payment. */
    async isRequestOpen(call: { orderId: number }): Promise<boolean> {
      return hasOpenRequest(db, call.orderId);
    },

    /** The hold has run out: true closes the order to further requests; false, as one was accepted in time. */
    async expireHold(call: { orderId: number }): Promise<boolean> {
      return withOrder(call.orderId, async (trx, order) => {
        if (order.status === 'CANCELLED') return true;
        if (await hasOpenRequest(trx, order.id)) return false;
        await setSagaState(trx, order.id, 'COMPENSATING', HOLD_EXPIRED);
        return true;
      });
    },

    /** The end of a compensated order. */
    async cancelOrder(call: { orderId: number; code: string; reason: string; atMs: number }): Promise<void> {
      await withOrder(call.orderId, async (trx, order) => {
        const at = new Date(call.atMs);
        if (!(await move(trx, order, ['CANCELLED'], { sagaState: 'SETTLED', reason: call.code, at }))) return;
        await addToTimeline(trx, [
          {
            orderId: order.id,
            at,
            type: 'notice',
            data: { code: call.code, reason: call.reason },
            dedupeKey: 'cancelled',
          },
        ]);
        await closeRequests(trx, order.id);
        await tellCustomer(trx, order, 'CANCELLED', { reason: call.code });
      });
    },

    /** Carries the order on to `to`, through what lies between; false: that is behind it, and was only counted. */
    async advanceDelivery(call: {
      orderId: number;
      to: OrderStatus;
      eventId: string;
      atMs: number;
    }): Promise<OrderStatus> {
      return withOrder(call.orderId, async (trx, order) => {
        const at = new Date(call.atMs);
        const path = deliveryPath(order.status, call.to);
        if (path.length === 0) {
          await addToTimeline(trx, [
            {
              orderId: order.id,
              at,
              type: 'refused',
              data: { signal: 'shipmentUpdated', to: call.to, status: order.status },
              dedupeKey: `shipment:${call.eventId}`,
            },
          ]);
          return order.status;
        }
        const isDelivered = call.to === 'COMPLETED';
        await move(trx, order, path, { sagaState: isDelivered ? 'SETTLED' : 'WAITING', at });
        if (isDelivered) {
          await closeRequests(trx, order.id);
          await tellCustomer(trx, order, 'DELIVERED');
        }
        return call.to;
      });
    },

    /** Shows what the saga is doing to those who read the database; a park tells which undo waits for a person. */
    async showSagaState(call: {
      orderId: number;
      state: SagaState;
      notice?: { code: string; steps?: readonly string[]; reason?: string; actor?: string };
      atMs: number;
    }): Promise<void> {
      await withOrder(call.orderId, async (trx, order) => {
        if (ENDED.has(order.status)) return;
        await setSagaState(trx, order.id, call.state);
        if (!call.notice) return;
        await addToTimeline(trx, [
          {
            orderId: order.id,
            at: new Date(call.atMs),
            type: 'notice',
            data: { sagaState: call.state, ...call.notice },
          },
        ]);
      });
    },

    /** A cancel that has come in; what becomes of it follows. */
    async noteCancel(call: {
      orderId: number;
      requestId: string;
      reason: string;
      actor: string;
      atMs: number;
    }): Promise<void> {
      await withOrder(call.orderId, (trx, order) =>
        addToTimeline(trx, [
          {
            orderId: order.id,
            at: new Date(call.atMs),
            type: 'notice',
            data: { code: 'CANCEL_REQUESTED', reason: call.reason, actor: call.actor },
            dedupeKey: `cancel:${call.requestId}`,
          },
        ]),
      );
    },

    /** A signal or update that asked for something impossible: seen, refused, and written down. */
    async noteRefusal(call: { orderId: number; what: string; why: string; atMs: number }): Promise<void> {
      await withOrder(call.orderId, (trx, order) =>
        addToTimeline(trx, [
          { orderId: order.id, at: new Date(call.atMs), type: 'refused', data: { what: call.what, why: call.why } },
        ]),
      );
    },
  };
}
export type OrderActivities = ReturnType<typeof createOrderActivities>;

/** Moves through what is left of `path`; false: the order is at its end already, so this ran before. */
async function move(
  trx: Trx,
  order: Order,
  path: readonly OrderStatus[],
  change: { sagaState: SagaState; at: Date; reason?: string },
): Promise<boolean> {
  if (order.status === path[path.length - 1]) return false;
  await changeOrder(trx, order, { ...change, through: path.slice(path.indexOf(order.status) + 1) });
  return true;
}

function isRefusedMove(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'OS001';
}
