import type { Db, Trx } from '../db/connection';
import { changeOrder, lockOrder, type Order } from '../db/orders';
import type { OrderStatus } from '../domain/order-status';
import type { SagaState } from '../domain/saga-state';
import { failure } from './failure';

/** Runs `work` with the order locked, in one transaction. */
export async function withOrder<Result>(
  db: Db,
  orderId: number,
  work: (trx: Trx, order: Order) => Promise<Result>,
): Promise<Result> {
  return db.transaction(async (trx) => {
    const order = await lockOrder(trx, orderId);
    if (!order) throw failure('PERMANENT', 'ORDER_NOT_FOUND', `there is no order ${orderId}`);
    return work(trx, order);
  });
}

/** Moves through what is left of `path`; false: the order is at its end already, so this ran before. */
export async function move(
  trx: Trx,
  order: Order,
  path: readonly OrderStatus[],
  change: { sagaState: SagaState; at: Date; reason?: string },
): Promise<boolean> {
  if (order.status === path[path.length - 1]) return false;
  await changeOrder(trx, order, { ...change, through: path.slice(path.indexOf(order.status) + 1) });
  return true;
}

/** The reason of an order that takes no more requests, as nothing came before its hold ran out. */
export const HOLD_EXPIRED = 'HOLD_EXPIRED';
