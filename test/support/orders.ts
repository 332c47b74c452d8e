import { TOPICS } from '../../contracts/topics';
import type { Trx } from '../../db/connection';
import { insertOrder, type NewOrder, type PlacedOrder } from '../../db/orders';

/** Saves an order whose stock event is not published: its workflow starts when the test starts it. */
export async function insertUnannounced(trx: Trx, order: NewOrder): Promise<PlacedOrder> {
  const placed = await insertOrder(trx, order);
  if (!placed) throw new Error('another order has the coupon');
  await trx('outbox')
    .where({ topic: TOPICS.stockDecreaseRequested, key: String(placed.id) })
    .delete();
  return placed;
}
