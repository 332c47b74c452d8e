import type { AttemptStep, OrderFacts } from '../contracts/workflow/attempt-steps';
import type { OrderStatus } from '../domain/order-status';
import type { Db, Trx } from './connection';
import { callFunction } from './functions';
import { traceHeaders } from './outbox';

/** Where a run goes on with an order that another run had. */
export interface Resumption {
  readonly status: OrderStatus;
  /** What is left of its hold. */
  readonly holdLeftMs: number;
  /** How many attempts are over. */
  readonly attempt: number;
  /** How many of them the customer's means of payment failed, and how many another provider refused. */
  readonly declines: number;
  readonly refusals: number;
  /** In the order in which they are to be taken: an attempt that is under way, or was settled, is taken up again by its request. */
  readonly requests: readonly { readonly eventId: string; readonly retryCount: number }[];
}

/** What of an order is to be undone still. */
export interface StepsLeft {
  readonly status: OrderStatus;
  readonly left: readonly { readonly step: AttemptStep['name']; readonly attempt: number }[];
  /** They are of an attempt that was settled. */
  readonly isSettled: boolean;
}

export type StockReservation =
  | ({ readonly outcome: 'HELD'; readonly resumed?: Resumption } & OrderFacts)
  /** Its stock was released: before it was held, or by a run that was undoing the order. */
  | ({ readonly outcome: 'CLOSED' } & StepsLeft & OrderFacts)
  /** SHORT: the order is cancelled. DUPLICATE: another run has it. */
  | { readonly outcome: 'SHORT' | 'DUPLICATE' | 'UNKNOWN_ORDER' };

/** Claims an order for a workflow and holds all its lines, or none: see the function of this name. */
export function reserveStock(
  db: Db,
  call: {
    readonly orderId: number;
    readonly runId: string;
    readonly at: Date;
    readonly holdExpiresAt: Date;
    /** The text of the customer's notification where it is short. */
    readonly notification: string;
  },
): Promise<StockReservation> {
  return callFunction(db, 'reserve_stock', { ...call, headers: traceHeaders() });
}

interface Moved {
  readonly orderId: number;
  readonly key: string;
}

/** Puts back whatever the order has, held or sold. */
export async function putBackStock(trx: Trx, { orderId, key }: Moved): Promise<void> {
  for (const movement of ['release', 'return']) await trx.raw('select move_stock(?, ?, ?)', [orderId, movement, key]);
}

/** Writes off what the order still has: it leaves the ledger, and the movement says why. */
export async function writeOffStock(trx: Trx, moved: Moved & { readonly reason: string }): Promise<void> {
  const { rows } = await trx.raw<{ rows: { sku: string; held: number; sold: number }[] }>(
    'select * from stock_of_order(?) order by sku',
    [moved.orderId],
  );
  for (const [pile, of] of [
    ['held_units', 'held'],
    ['sold_units', 'sold'],
  ] as const) {
    for (const { sku, [of]: units } of rows.filter((row) => row[of] > 0)) {
      await trx('products').where({ sku }).decrement(pile, units);
      await trx('stock_movements').insert({
        sku,
        order_id: moved.orderId,
        kind: 'adjust',
        units: -units,
        key: `${moved.key}:${pile}`,
        reason: moved.reason,
      });
    }
  }
}
