import type { Db } from '../db/connection';
import { notificationText } from '../db/customer-notifications';
import { lockOrder } from '../db/orders';
import { advanceStep, insertStep, keyOfStep, type StepId } from '../db/saga-steps';
import { putBackStock, reserveStock, type StockReservation, writeOffStock } from '../db/stock';

export type { Resumption, StepsLeft } from '../db/stock';

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
  | Exclude<StockReservation, { outcome: 'HELD' | 'CLOSED' }>
  | (Extract<StockReservation, { outcome: 'HELD' | 'CLOSED' }> & { readonly policy: OrderPolicy });

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
      const { orderId, runId, atMs } = call;
      const reserved = await reserveStock(db, {
        orderId,
        runId,
        at: new Date(atMs),
        holdExpiresAt: new Date(atMs + policy.stockHoldMs),
        notification: notificationText('CANCELLED', orderId, 'STOCK_SHORTAGE'),
      });
      return reserved.outcome === 'HELD' || reserved.outcome === 'CLOSED' ? { ...reserved, policy } : reserved;
    },

    /** Puts back whatever the order holds or has been sold; before it was held, a tombstone stops a late hold. */
    async releaseStock(call: { orderId: number; isSettled: boolean }): Promise<void> {
      const id = idOf(call.orderId);
      await db.transaction(async (trx) => {
        const order = await lockOrder(trx, call.orderId);
        if (order && (HANDED_OVER.has(order.status) || (order.status === 'PREPARING' && !call.isSettled)))
          throw failure('CLOSED', 'ATTEMPT_SETTLED', `order ${order.id} is ${order.status}`);
        const { isNew } = await insertStep(trx, id, 'UNDONE');
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
