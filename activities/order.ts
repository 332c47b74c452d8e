import type { ParkedPoint } from '../contracts/workflow-api';
import type { Db } from '../db/connection';
import { tellCustomer } from '../db/customer-notifications';
import { closeOtherItems, openOperatorItem } from '../db/operator-items';
import { setSagaState } from '../db/orders';
import { closeRequests, hasOpenRequest } from '../db/requests';
import { hasDoneStep } from '../db/saga-steps';
import { addToTimeline, endingRequestKey } from '../db/timeline';
import { deliveryPath, type OrderStatus } from '../domain/order-status';
import type { SagaState } from '../domain/saga-state';
import { requireUndone } from './attempt-fence';
import { callersWorkflowId, PARKED_KINDS, parkedSubject } from './parked';
import { HOLD_EXPIRED, move, withOrder } from './with-order';
import { type RetryCall, recordRetry } from './write-off';

/** Nothing that a saga shows of its work may follow upon these; a refund begins by leaving COMPLETED. */
const ENDED: ReadonlySet<OrderStatus> = new Set(['COMPLETED', 'REFUNDED', 'CANCELLED']);

export function createOrderActivities({ db }: { readonly db: Db }) {
  return {
    /** Whether a request that was accepted may still lead to a payment. */
    async isRequestOpen(call: { orderId: number }): Promise<boolean> {
      return hasOpenRequest(db, call.orderId);
    },

    /** The hold has run out: true closes the order to further requests; false, as one was accepted in time. */
    async expireHold(call: { orderId: number }): Promise<boolean> {
      return withOrder(db, call.orderId, async (trx, order) => {
        if (order.status === 'CANCELLED') return true;
        if (order.status !== 'PENDING_PAYMENT' || (await hasOpenRequest(trx, order.id))) return false;
        await setSagaState(trx, order.id, 'COMPENSATING', HOLD_EXPIRED);
        return true;
      });
    },

    /** The end of a compensated order. */
    async cancelOrder(call: { orderId: number; code: string; reason: string; atMs: number }): Promise<void> {
      await withOrder(db, call.orderId, async (trx, order) => {
        const at = new Date(call.atMs);
        if (order.status !== 'CANCELLED') await requireUndone(trx, order.id, () => true);
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

    /** Carries the order on to `to`, through what lies between; what is behind it, or of a parcel taken back, is counted. */
    async advanceDelivery(call: {
      orderId: number;
      to: OrderStatus;
      eventId: string;
      atMs: number;
    }): Promise<OrderStatus> {
      return withOrder(db, call.orderId, async (trx, order) => {
        const at = new Date(call.atMs);
        const hasParcel = await hasDoneStep(trx, order.id, 'shipment');
        const path = hasParcel ? deliveryPath(order.status, call.to) : [];
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

    /** Shows what the saga is doing to those who read the database, unless the order has moved on from `status`. */
    async showSagaState(call: {
      orderId: number;
      status: OrderStatus;
      state: SagaState;
      notice?: { code: string; steps?: readonly string[]; reason?: string; actor?: string };
      atMs: number;
    }): Promise<void> {
      await withOrder(db, call.orderId, async (trx, order) => {
        if (ENDED.has(order.status) || order.status !== call.status) return;
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
      await withOrder(db, call.orderId, (trx, order) =>
        addToTimeline(trx, [
          {
            orderId: order.id,
            at: new Date(call.atMs),
            type: 'notice',
            data: { code: 'CANCEL_REQUESTED', reason: call.reason, actor: call.actor },
            dedupeKey: endingRequestKey(call.requestId),
          },
        ]),
      );
    },

    /** The operators' list has what is parked now; what is not any more has healed, or was resolved by the decision noted with it. */
    async listParked(call: { orderId?: number; points: readonly ParkedPoint[] }): Promise<void> {
      const { orderId, points } = call;
      const workflowId = callersWorkflowId();
      const items = points.map((point) => ({ ...point, subject: parkedSubject(workflowId, point.step) }));
      await db.transaction(async (trx) => {
        for (const { subject, step, code, isUndo, amountAtRiskMinor } of items) {
          const kind = isUndo ? 'PARKED_SAGA' : 'PERMANENT_ERROR';
          await openOperatorItem(trx, { kind, subject, cause: code, orderId, workflowId, step, amountAtRiskMinor });
        }
        await closeOtherItems(trx, { kinds: PARKED_KINDS, workflowId, except: items.map(({ subject }) => subject) });
      });
    },

    /** A person has had something tried again that cannot be undone, only done: once a decisionId. */
    async recordRetry(call: RetryCall): Promise<void> {
      await recordRetry(db, call);
    },

    /** A signal or update that asked for something impossible: seen, refused, and written down. */
    async noteRefusal(call: { orderId: number; what: string; why: string; atMs: number }): Promise<void> {
      await withOrder(db, call.orderId, (trx, order) =>
        addToTimeline(trx, [
          { orderId: order.id, at: new Date(call.atMs), type: 'refused', data: { what: call.what, why: call.why } },
        ]),
      );
    },
  };
}
export type OrderActivities = ReturnType<typeof createOrderActivities>;
