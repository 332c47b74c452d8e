import { newEvent } from '../contracts/event-record';
import type { Shortage } from '../contracts/events';
import { TOPICS } from '../contracts/topics';
import type { Db, Trx } from '../db/connection';
import { notifyCustomer } from '../db/customer-notifications';
import { changeOrder, claimOrder, linesOf, lockOrder, type Order } from '../db/orders';
import { addToOutbox } from '../db/outbox';
import { advanceStep, beginStep, keyOfStep, type StepId } from '../db/saga-steps';
import { holdStock, putBackStock, writeOffStock } from '../db/stock';
import type { OrderStatus } from '../domain/order-status';
import { failure } from './failure';
import type { WriteOffCall } from './step-call';
import { recordStep } from './step-outcome';
import { recordResolution } from './write-off';

/** What of the configuration a saga decides by; recorded with the stock step, so that a replay decides the same. */
export interface OrderPolicy {
  readonly stockHoldMs: number;
  readonly processingBudgetMs: number;
  readonly maxRetries: number;
  readonly maxDeclines: number;
  /** Attempts that another than the payment provider refused, before the order is given up. */
  readonly maxAttempts: number;
  readonly fastCallMs: number;
  readonly patientCallMs: number;
  readonly undoPatienceMs: number;
  readonly undoRetryMs: number;
}

export type Reservation =
  | { readonly outcome: 'HELD'; readonly totalMinor: number; readonly policy: OrderPolicy }
  | { readonly outcome: 'SHORT' | 'DUPLICATE' | 'CLOSED' | 'UNKNOWN_ORDER' };

/** Goods that are not here can't be put back; a refund leaves these first. */
const HANDED_OVER: ReadonlySet<OrderStatus> = new Set(['SHIPMENT_STARTED', 'IN_TRANSIT', 'IN_WAREHOUSE', 'COMPLETED']);

/** Stock belongs to the order, not to an attempt. */
const idOf = (orderId: number): StepId => ({ orderId, step: 'stock', attempt: 0 });

export function createStockActivities(deps: { readonly db: Db; readonly policy: OrderPolicy }) {
  const { db, policy } = deps;
  return {
    /**
     * Claims the order for this workflow and holds all its lines, or none. Enough: PENDING_PAYMENT; short: the order is
     * CANCELLED and `stock.decrease.failed` published, in the same transaction. DUPLICATE: another run has the order.
     */
    async reserveStock(call: { orderId: number; runId: string; atMs: number }): Promise<Reservation> {
      const at = new Date(call.atMs);
      return db.transaction(async (trx): Promise<Reservation> => {
        const order = await lockOrder(trx, call.orderId);
        if (!order) return { outcome: 'UNKNOWN_ORDER' };
        if (!(await claimOrder(trx, order, call.runId))) return { outcome: 'DUPLICATE' };
        const held: Reservation = { outcome: 'HELD', totalMinor: order.totalMinor, policy };
        const id = idOf(order.id);
        const { record, isNew } = await beginStep(trx, id, 'DONE');
        if (!isNew) {
          if (record.state === 'DONE') return held;
          return { outcome: record.state === 'FAILED' ? 'SHORT' : 'CLOSED' };
        }
        const lines = await linesOf(trx, order.id);
        const shortages = await holdStock(trx, { orderId: order.id, key: keyOfStep(id) }, lines);
        if (shortages.length > 0) {
          await cancelForShortage(trx, order, id, shortages, at);
          return { outcome: 'SHORT' };
        }
        await recordStep(trx, id, 'DONE');
        await changeOrder(trx, order, {
          through: ['PENDING_PAYMENT'],
          sagaState: 'WAITING',
          at,
          holdExpiresAt: new Date(call.atMs + policy.stockHoldMs),
        });
        return held;
      });
    },

    /** Puts back whatever the order holds or has been sold; before it was held, a tombstone stops a late hold. */
    async releaseStock(call: { orderId: number; isSettled: boolean }): Promise<void> {
      const id = idOf(call.orderId);
      await db.transaction(async (trx) => {
        const order = await lockOrder(trx, call.orderId);
        if (order && (HANDED_OVER.has(order.status) || (order.status === 'PREPARING' && !call.isSettled)))
          throw failure('CLOSED', 'ATTEMPT_SETTLED', `order ${order.id} is ${order.status}`);
        const { isNew } = await beginStep(trx, id, 'UNDONE');
        if (isNew || !(await advanceStep(trx, id, ['DONE', 'UNDO_FAILED'], { state: 'UNDONE' }))) return;
        await putBackStock(trx, { orderId: call.orderId, key: keyOfStep(id) });
        await recordStep(trx, id, 'UNDONE');
      });
    },

    async writeOffStock(call: WriteOffCall): Promise<void> {
      const id = idOf(call.orderId);
      await recordResolution(db, id, call, (trx) =>
        writeOffStock(trx, {
          orderId: call.orderId,
          key: keyOfStep(id),
          reason: `${call.decision} by ${call.actor}: ${call.reason}`,
        }),
      );
    },
  };
}

async function cancelForShortage(
  trx: Trx,
  order: Order,
  id: StepId,
  shortages: readonly Shortage[],
  at: Date,
): Promise<void> {
  await advanceStep(trx, id, ['DONE'], { state: 'FAILED', code: 'STOCK_SHORTAGE' });
  await recordStep(trx, id, 'FAILED', 'STOCK_SHORTAGE');
  await addToOutbox(trx, [
    newEvent(TOPICS.stockDecreaseFailed, {
      eventCreatedAt: at.toISOString(),
      orderId: order.id,
      reason: 'STOCK_SHORTAGE',
      shortages: [...shortages],
    }),
  ]);
  await changeOrder(trx, order, { through: ['CANCELLED'], sagaState: 'SETTLED', reason: 'STOCK_SHORTAGE', at });
  await notifyCustomer(trx, order, 'CANCELLED', { reason: 'STOCK_SHORTAGE' });
}
