import type { ParkedPoint } from '../contracts/workflow-api';
import type { Db } from '../db/connection';
import { notifyCustomer } from '../db/customer-notifications';
import { isShownLater, setSagaState } from '../db/orders';
import { closeRequests, hasOpenRequest } from '../db/requests';
import { replaceItems } from '../db/saga-items';
import { isLive, stepsOfOrder } from '../db/saga-steps';
import { addToTimeline, endingRequestKey } from '../db/timeline';
import { PARKED_KINDS } from '../domain/operator-item';
import { deliveryPath, type OrderStatus } from '../domain/order-status';
import type { SagaState } from '../domain/saga-state';
import { requireUndone } from './attempt-fence';
import { callersWorkflowId, parkedSubject } from './parked';
import { HOLD_EXPIRED, move, withOrder } from './with-order';

/** Nothing that a saga shows of its work may follow upon these; a refund begins by leaving COMPLETED. */
const ENDED: ReadonlySet<OrderStatus> = new Set(['COMPLETED', 'REFUNDED', 'CANCELLED']);

export function createOrderActivities({ db }: { readonly db: Db }) {
  return {
    /** Whether a request that was accepted may still lead to a payment. */
    async isRequestOpen(call: { orderId: number }): Promise<boolean> {
      return hasOpenRequest(db, call.orderId);
    },

    /** The hold has run out: true closes the order to further requests; false, as one was accepted in time. */
    async expireHold(call: { orderId: number; atMs: number }): Promise<boolean> {
      return withOrder(db, call.orderId, async (trx, order) => {
        if (order.status === 'CANCELLED') return true;
        if (order.status !== 'PENDING_PAYMENT' || (await hasOpenRequest(trx, order.id))) return false;
        const at = new Date(call.atMs);
        await setSagaState(trx, order.id, { state: 'COMPENSATING', reason: HOLD_EXPIRED, at });
        return true;
      });
    },

    /** The end of a compensated order. */
    async cancelOrder(call: { orderId: number; code: string; reason: string; atMs: number }): Promise<void> {
      await withOrder(db, call.orderId, async (trx, order) => {
        const at = new Date(call.atMs);
        if (order.status !== 'CANCELLED') await requireUndone(trx, order.id, () => true);
        if (!(await move(trx, order, ['CANCELLED'], { sagaState: 'SETTLED', reason: call.code, at }))) return;
        const data = { code: call.code, reason: call.reason };
        await addToTimeline(trx, [{ orderId: order.id, type: 'notice', data, dedupeKey: 'cancelled' }]);
        await closeRequests(trx, order.id);
        await notifyCustomer(trx, order, 'CANCELLED', { reason: call.code });
      });
    },

    /**
     * Carries the order on to `to`, through what lies between; what is behind it, or of a parcel that was cancelled, is counted.
     * PARCEL_UNDECIDED: a cancel that is open has begun to cancel the parcel, and comes first.
     */
    async advanceDelivery(call: {
      orderId: number;
      to: OrderStatus;
      eventId: string;
      isCancelled: boolean;
      atMs: number;
    }): Promise<OrderStatus | 'PARCEL_UNDECIDED'> {
      return withOrder(db, call.orderId, async (trx, order) => {
        const at = new Date(call.atMs);
        const ahead = deliveryPath(order.status, call.to);
        const parcels = (await stepsOfOrder(trx, order.id)).filter(({ step }) => step === 'shipment');
        const hasParcel = parcels.some(({ state }) => state === 'DONE');
        if (call.isCancelled && ahead.length > 0 && !hasParcel && parcels.some(isLive)) return 'PARCEL_UNDECIDED';
        const path = hasParcel ? ahead : [];
        if (path.length === 0) {
          const data = { signal: 'shipmentUpdated', to: call.to, status: order.status };
          const dedupeKey = `shipment:${call.eventId}`;
          await addToTimeline(trx, [{ orderId: order.id, type: 'refused', data, dedupeKey }]);
          return order.status;
        }
        const isDelivered = call.to === 'COMPLETED';
        await move(trx, order, path, { sagaState: isDelivered ? 'SETTLED' : 'WAITING', at });
        if (isDelivered) {
          await closeRequests(trx, order.id);
          await notifyCustomer(trx, order, 'DELIVERED');
        }
        return call.to;
      });
    },

    /**
     * Shows what the saga is doing to those who read the database, unless the order has moved on from `status`, or a later
     * state is shown: a worker that froze must not close a payable order to its customer.
     */
    async showSagaState(call: {
      orderId: number;
      status: OrderStatus;
      state: SagaState;
      notice?: { code: string; steps?: readonly string[]; reason?: string; actor?: string };
      atMs: number;
    }): Promise<void> {
      await withOrder(db, call.orderId, async (trx, order) => {
        const at = new Date(call.atMs);
        if (ENDED.has(order.status) || order.status !== call.status || isShownLater(order, at)) return;
        await setSagaState(trx, order.id, { state: call.state, at });
        if (!call.notice) return;
        const data = { sagaState: call.state, ...call.notice };
        await addToTimeline(trx, [{ orderId: order.id, type: 'notice', data }]);
      });
    },

    /** A cancel that has come in; what becomes of it follows. */
    async noteCancel(call: { orderId: number; requestId: string; reason: string; actor: string }): Promise<void> {
      const { orderId, reason, actor } = call;
      const dedupeKey = endingRequestKey(call.requestId);
      const data = { code: 'CANCEL_REQUESTED', reason, actor };
      await withOrder(db, orderId, (trx) => addToTimeline(trx, [{ orderId, type: 'notice', data, dedupeKey }]));
    },

    /**
     * The operators' list has what is parked now; what is not any more has healed, or was resolved by the decision noted with
     * it. A list that comes after a later one is dropped: it would bring back what is over.
     */
    async listParked(call: { orderId?: number; points: readonly ParkedPoint[]; atMs: number }): Promise<void> {
      const { orderId, points, atMs } = call;
      const workflowId = callersWorkflowId();
      const items = points.map(({ step, code, isUndo, amountAtRiskMinor }) => {
        const kind = isUndo ? ('PARKED_SAGA' as const) : ('PERMANENT_ERROR' as const);
        return { kind, subject: parkedSubject(workflowId, step), cause: code, orderId, step, amountAtRiskMinor };
      });
      await db.transaction((trx) => replaceItems(trx, { kinds: PARKED_KINDS, workflowId, asOfMs: atMs, items }));
    },

    /** Records that a signal or update asked for something impossible. */
    async noteRefusal(call: { orderId: number; what: string; why: string }): Promise<void> {
      const { orderId, what, why } = call;
      await withOrder(db, orderId, (trx) => addToTimeline(trx, [{ orderId, type: 'refused', data: { what, why } }]));
    },
  };
}
