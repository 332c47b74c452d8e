import type { OrderStatus } from '../../domain/order-status';
import type { Shop } from './shop';
import { until } from './until';

/** What a restarted role waits for when its predecessor was killed: a lease, a session, a workflow task's time-out. */
const TAKEOVER_MS = 60_000;

/** So many orders at once, all of the same product, waiting for their payment. */
export async function payableOrders(shop: Shop, count: number): Promise<number[]> {
  const sku = await shop.product(count);
  const orderIds = await Promise.all(Array.from({ length: count }, () => shop.order(sku)));
  await untilAllAre(shop, orderIds, 'PENDING_PAYMENT');
  return orderIds;
}

/** Asks to pay all of them at once. */
export async function payAll(shop: Shop, orderIds: readonly number[]): Promise<void> {
  const responses = await Promise.all(orderIds.map((orderId) => shop.pay(orderId)));
  expect(responses.map((response) => response.status)).toEqual(orderIds.map(() => 202));
}

export async function untilAllAre(shop: Shop, orderIds: readonly number[], status: OrderStatus): Promise<void> {
  await until(
    `${orderIds.length} orders to be ${status}`,
    () =>
      shop
        .db('orders')
        .whereIn('id', orderIds as number[])
        .whereNot({ status })
        .select('id', 'status', 'saga_state'),
    (others) => others.length === 0,
    TAKEOVER_MS,
  );
}

/** Every order was charged once, and nothing was given back. */
export async function expectOneChargeEach(shop: Shop, orderIds: readonly number[]): Promise<void> {
  for (const orderId of orderIds) {
    const entries = await shop.providers.ledger(orderId);
    expect({ orderId, moved: entries.map(({ type }) => type) }).toEqual({ orderId, moved: ['charge'] });
  }
}
