import type { OrderStep } from '../contracts/workflow/attempt-steps';
import type { Db } from '../db/connection';
import { notifyCustomer } from '../db/customer-notifications';
import { changeOrder, claimForRefund, type Order, RELEASED } from '../db/orders';
import { stepsOfOrder } from '../db/saga-steps';
import { addToTimeline, endingRequestKey, hasEndingRequest } from '../db/timeline';
import type { OrderStatus } from '../domain/order-status';
import { requireUndone } from './attempt-fence';
import { failure } from './failure';
import type { OrderPolicy } from './stock';
import { withOrder } from './with-order';

export type RefundBeginning =
  | {
      readonly accepted: true;
      readonly paidAttempt: number | null;
      /** The attempt that redeemed the order's coupon; absent: it has none. */
      readonly couponAttempt?: number;
      readonly totalMinor: number;
      readonly policy: OrderPolicy;
      /** This very refund is over: a workflow task that was lost had come so far. */
      readonly ended?: 'COMPLETED' | 'REFUNDED';
    }
  | { readonly accepted: false; readonly status: OrderStatus };

export function createRefundActivities(deps: { readonly db: Db; readonly policy: OrderPolicy }) {
  const { db } = deps;
  return {
    /** REFUND_REQUESTED, from where a refund is possible; says which attempt was paid, and which redeemed a coupon. */
    async beginRefund(call: {
      orderId: number;
      runId: string;
      /** Of the request that asked for it; absent: started by hand. */
      requestId?: string | undefined;
      reason: string;
      actor: string;
      atMs: number;
    }): Promise<RefundBeginning> {
      return withOrder(db, call.orderId, async (trx, order): Promise<RefundBeginning> => {
        const dedupeKey = endingRequestKey(call.requestId ?? call.runId);
        // An operator has restarted the refund, whose run was over.
        const isTakenOver = order.status === 'REFUND_REQUESTED' && order.refundRunId === RELEASED;
        if (isTakenOver) await claimForRefund(trx, order.id, call.runId);
        const isOurs =
          isTakenOver ||
          order.refundRunId === call.runId ||
          (await hasEndingRequest(trx, order.id, call.requestId ?? call.runId));
        if (!isOurs) {
          if (!['COMPLETED', 'SHIPMENT_STARTED', 'IN_TRANSIT'].includes(order.status))
            return { accepted: false, status: order.status };
          const at = new Date(call.atMs);
          await claimForRefund(trx, order.id, call.runId);
          const code = 'REFUND_REQUESTED';
          await changeOrder(trx, order, { through: [code], sagaState: 'RUNNING', reason: code, at });
          const data = { code, reason: call.reason, actor: call.actor };
          await addToTimeline(trx, [{ orderId: order.id, type: 'notice', data, dedupeKey }]);
        }
        const steps = await stepsOfOrder(trx, order.id);
        const lastAttemptOf = (name: OrderStep) => steps.findLast(({ step }) => step === name)?.attempt;
        const couponAttempt = lastAttemptOf('coupon');
        return {
          accepted: true,
          paidAttempt: lastAttemptOf('payment') ?? null,
          ...(couponAttempt === undefined ? {} : { couponAttempt }),
          totalMinor: order.totalMinor,
          policy: deps.policy,
          ...(isOurs && !isTakenOver ? endOf(order, call.runId) : {}),
        };
      });
    },

    /** Money and stock are back. */
    async completeRefund(call: { orderId: number; runId: string; atMs: number }): Promise<void> {
      await withOrder(db, call.orderId, async (trx, order) => {
        if (order.status === 'REFUNDED') return;
        requireOurs(order, call.runId);
        await requireUndone(trx, order.id, ({ step }) => GIVEN_BACK.has(step));
        await changeOrder(trx, order, { through: ['REFUNDED'], sagaState: 'SETTLED', at: new Date(call.atMs) });
        await notifyCustomer(trx, order, 'REFUNDED');
      });
    },

    /** The provider refuses the refund: the order is COMPLETED again, its payment stays, and nothing else was undone. */
    async refuseRefund(call: { orderId: number; runId: string; code: string; atMs: number }): Promise<void> {
      await withOrder(db, call.orderId, async (trx, order) => {
        if (order.status === 'COMPLETED') return;
        requireOurs(order, call.runId);
        const at = new Date(call.atMs);
        await changeOrder(trx, order, { through: ['COMPLETED'], sagaState: 'SETTLED', reason: call.code, at });
        await trx('saga_steps')
          .where({ order_id: order.id, step: 'payment', state: 'UNDO_FAILED' })
          .update({ state: 'DONE' });
        await notifyCustomer(trx, order, 'REFUND_REFUSED', { reason: call.code, occurrence: call.runId });
      });
    },
  };
}
/** What a refund undoes; a parcel that was delivered, or given up as lost, stays as it is. */
const GIVEN_BACK: ReadonlySet<OrderStep> = new Set<OrderStep>(['payment', 'coupon', 'stock']);

/** A refund that froze must not end an order whose next refund has begun. */
function requireOurs({ id, status, refundRunId }: Order, runId: string): void {
  if (status !== 'REFUND_REQUESTED' || refundRunId !== runId)
    throw failure('PERMANENT', 'REFUND_ENDED', `order ${id} is ${status}, and this refund is not under way`);
}

/** How a refund that began before has ended; nothing: it is under way. */
function endOf({ status, refundRunId }: Order, runId: string): { ended?: 'COMPLETED' | 'REFUNDED' } {
  if (status === 'COMPLETED' || status === 'REFUNDED') return { ended: status };
  return refundRunId === runId ? {} : { ended: 'COMPLETED' };
}
