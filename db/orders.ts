import type { OrderStatus } from '../domain/order-status';
import type { SagaState } from '../domain/saga-state';
import type { Db, DbOrTrx, Trx } from './connection';
import { callFunction } from './functions';
import { traceHeaders } from './outbox';

export interface Order {
  readonly id: number;
  readonly userId: string;
  readonly userEmail: string;
  readonly status: OrderStatus;
  readonly statusReason: string | null;
  readonly sagaState: SagaState;
  /** The workflow's time of what sagaState says; null: it has said nothing yet. */
  readonly sagaStateAt: Date | null;
  readonly currency: string;
  /** What is to be paid: the lines less the discount. */
  readonly totalMinor: number;
  /** The coupon it was ordered with, whether or not it still has it. */
  readonly couponRequestId: string | null;
  readonly couponCode: string | null;
  readonly discountMinor: number;
  /** First-run id of the workflow that claimed this order. */
  readonly runId: string | null;
  /** First-run id of the newest refund. */
  readonly refundRunId: string | null;
  readonly holdExpiresAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface OrderLine {
  readonly sku: string;
  readonly name: string;
  readonly quantity: number;
  readonly unitPriceMinor: number;
}

const COLUMNS = {
  id: 'id',
  userId: 'user_id',
  userEmail: 'user_email',
  status: 'status',
  statusReason: 'status_reason',
  sagaState: 'saga_state',
  sagaStateAt: 'saga_state_at',
  currency: 'currency',
  totalMinor: 'total_minor',
  couponRequestId: 'coupon_request_id',
  couponCode: 'coupon_code',
  discountMinor: 'discount_minor',
  runId: 'run_id',
  refundRunId: 'refund_run_id',
  holdExpiresAt: 'hold_expires_at',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
} as const;

export interface NewOrder {
  readonly userId: string;
  readonly userEmail: string;
  readonly currency: string;
  readonly totalMinor: number;
  readonly coupon?: OrderCoupon | undefined;
  readonly lines: readonly OrderLine[];
  /** False: the commit is not to wake the relay, as that is done after it. */
  readonly notifies?: boolean;
}

/** A coupon that nobody uses, and what it takes off. */
export interface OrderCoupon {
  readonly requestId: string;
  readonly code: string;
  readonly discountMinor: number;
}

/** What an order is known by once it is saved. */
export interface PlacedOrder {
  readonly id: number;
  readonly createdAt: Date;
}

/**
 * Saves an order as CREATED with its lines, its coupon's claim, its first entry of the timeline and its events in the outbox;
 * undefined: another order has the coupon.
 */
export async function insertOrder(db: DbOrTrx, order: NewOrder): Promise<PlacedOrder | undefined> {
  const placed = await callFunction<{ id: number; createdAt: string } | null>(db, 'place_order', {
    ...order,
    headers: traceHeaders(),
  });
  return placed ? { id: placed.id, createdAt: new Date(placed.createdAt) } : undefined;
}

/** Locks the order's row until the transaction ends; undefined: there is no such order. */
export async function lockOrder(trx: Trx, orderId: number): Promise<Order | undefined> {
  return (await trx('orders').select(COLUMNS).where({ id: orderId }).forNoKeyUpdate().first()) as Order | undefined;
}

export async function findOrder(db: DbOrTrx, orderId: number): Promise<Order | undefined> {
  return (await db('orders').select(COLUMNS).where({ id: orderId }).first()) as Order | undefined;
}

export async function linesOf(db: DbOrTrx, orderId: number): Promise<OrderLine[]> {
  return (await db('order_lines')
    .select('sku', 'name', 'quantity', 'unit_price_minor as unitPriceMinor')
    .where({ order_id: orderId })
    .orderBy('sku')) as OrderLine[];
}

/** A user's orders, newest first, those with an id below `beforeId`. */
export async function ordersOfUser(
  db: Db,
  userId: string,
  page: { beforeId?: number | undefined; limit: number },
): Promise<Order[]> {
  const query = db('orders').select(COLUMNS).where({ user_id: userId }).orderBy('id', 'desc').limit(page.limit);
  if (page.beforeId !== undefined) query.where('id', '<', page.beforeId);
  return (await query) as Order[];
}

export interface OrderChange {
  /** Statuses to pass, in order; empty: only the saga's state changes. */
  readonly through: readonly OrderStatus[];
  readonly sagaState: SagaState;
  readonly reason?: string | undefined;
  readonly at: Date;
  readonly holdExpiresAt?: Date | null;
}

/**
 * Moves a locked order through statuses, each with its timeline row and its `order.status.changed`; one that ends
 * unsold frees its coupon. The database refuses a move that is not in the table (SQLSTATE OS001).
 */
export async function changeOrder(trx: Trx, { id }: Pick<Order, 'id'>, change: OrderChange): Promise<void> {
  await trx.raw('select change_order(?, ?)', [id, JSON.stringify({ ...change, headers: traceHeaders() })]);
}

/** `at`: the workflow's time at which that is so. */
export async function setSagaState(
  trx: DbOrTrx,
  orderId: number,
  { state, at, reason }: { readonly state: SagaState; readonly at: Date; readonly reason?: string | undefined },
): Promise<void> {
  await trx('orders')
    .where({ id: orderId })
    .update({ saga_state: state, saga_state_at: at, ...(reason === undefined ? {} : { status_reason: reason }) });
}

/** Whether what a worker wants to show of the locked order was true earlier than what is shown. */
export function isShownLater({ sagaStateAt }: Order, at: Date): boolean {
  return sagaStateAt !== null && sagaStateAt > at;
}

/** In place of a run's id: the run is over, and the next one takes the order. */
export const RELEASED = 'released';

/** Takes the locked order from its workflow, or its refund, that is over; `isUndoing`: the next run undoes the order to its end. */
export async function releaseClaimOfRun(
  trx: Trx,
  orderId: number,
  { of, isUndoing }: { readonly of: 'run_id' | 'refund_run_id'; readonly isUndoing: boolean },
): Promise<void> {
  await trx('orders')
    .where({ id: orderId })
    .update({ [of]: RELEASED, ...(isUndoing ? { saga_state: 'COMPENSATING' } : {}) });
}

/** Gives the locked order to a refund: an earlier one can't end it any more. */
export async function claimForRefund(trx: Trx, orderId: number, runId: string): Promise<void> {
  await trx('orders').where({ id: orderId }).update({ refund_run_id: runId });
}
