import type { Knex } from 'knex';
import type { Shop } from './shop';

/** Where what belongs to an order is counted. */
export type Ledgers = Pick<Shop, 'db' | 'stock' | 'providers'>;

interface OrderRow {
  readonly id: number;
  readonly status: string;
  readonly saga_state: string;
  readonly total_minor: number;
  readonly discount_minor: number;
  readonly coupon_request_id: string | null;
}

/**
 * I1 to I3, I9 and I10 for one order: its state is final or waiting, the provider's ledger and ours agree with it, its coupon
 * is where the order's state says, the stock adds up, and undo ran in reverse.
 */
export async function expectLedgersToBalance(shop: Ledgers, orderId: number): Promise<void> {
  const order = (await shop.db('orders').where({ id: orderId }).first()) as OrderRow;
  expect(['SETTLED', 'WAITING']).toContain(order.saga_state);
  const isPaid = !['CREATED', 'PENDING_PAYMENT', 'CANCELLED', 'REFUNDED'].includes(order.status);
  const adjusted = await moneyOf(shop, orderId, 'adjustment');
  expect((await shop.providers.capturedNet(orderId)) - adjusted).toBe(isPaid ? order.total_minor : 0);
  const ours = (await moneyOf(shop, orderId, 'charge')) - (await moneyOf(shop, orderId, 'refund')) - adjusted;
  expect(ours).toBe(isPaid ? order.total_minor : 0);
  await expectDiscountToAddUp(shop, order);
  if (order.coupon_request_id !== null) await expectCouponToStandLike(shop, order, isPaid);
  await expectStockToAddUp(shop, orderId);
  await expectGoodsToBeWhereTheyBelong(shop, order);
  await expectUndoInReverse(shop, orderId);
}

const sumOf = async (query: Knex.QueryBuilder, summed: string | Knex.Raw): Promise<number> =>
  Number(((await query.sum({ sum: summed }).first()) as { sum: string | null }).sum ?? 0);

const moneyOf = ({ db }: Ledgers, orderId: number, kind: string): Promise<number> =>
  sumOf(db('money_movements').where({ order_id: orderId, kind }), 'amount_minor');

async function expectDiscountToAddUp({ db }: Ledgers, order: OrderRow): Promise<void> {
  const ofLines = await sumOf(db('order_lines').where({ order_id: order.id }), db.raw('quantity * unit_price_minor'));
  expect(order.total_minor + order.discount_minor).toBe(ofLines);
}

/** Claimed until the order ends unsold, redeemed while it is paid; afterwards another order may have it. */
async function expectCouponToStandLike(shop: Ledgers, order: OrderRow, isPaid: boolean): Promise<void> {
  const coupon = (await shop.db('coupon_requests').where({ request_id: order.coupon_request_id }).first()) as {
    order_id: number | null;
    redeemed_at: Date | null;
  };
  const isClaimed = coupon.order_id === order.id;
  expect({ isClaimed, isRedeemed: isClaimed && coupon.redeemed_at !== null }).toEqual({
    isClaimed: !['CANCELLED', 'REFUNDED'].includes(order.status),
    isRedeemed: isPaid,
  });
}

async function expectStockToAddUp(shop: Ledgers, orderId: number): Promise<void> {
  const skus = (await shop.db('order_lines').where({ order_id: orderId }).pluck('sku')) as string[];
  for (const sku of skus) {
    const put = await sumOf(shop.db('stock_movements').where({ sku }).whereIn('kind', ['set', 'adjust']), 'units');
    const { free, held, sold } = await shop.stock(sku);
    expect({ sku, sum: free + held + sold }).toEqual({ sku, sum: put });
  }
}

/** I10: nothing of an unsold order is on its way or in storage; of a sold one, one parcel, and one storage where it is stored. */
async function expectGoodsToBeWhereTheyBelong(shop: Ledgers, order: OrderRow): Promise<void> {
  const live = (await shop.providers.parcels(order.id)).filter(({ status }) => status !== 'CANCELLED');
  const stored = (await shop.providers.storages(order.id)).filter(({ status }) => status !== 'CANCELLED');
  const isUnsold = ['CREATED', 'PENDING_PAYMENT', 'CANCELLED'].includes(order.status);
  if (isUnsold) expect({ live, stored }).toEqual({ live: [], stored: [] });
  else expect({ live: live.length, stored: stored.length > 1 }).toEqual({ live: 1, stored: false });
}

async function expectUndoInReverse(shop: Ledgers, orderId: number): Promise<void> {
  const steps = (await shop.db('timeline').where({ order_id: orderId, type: 'step' }).orderBy('id').pluck('data')) as {
    step: string;
    attempt: number;
    state: string;
  }[];
  const keyOf = (step: { step: string; attempt: number }) => `${step.attempt}:${step.step}`;
  const attempts = new Set(steps.map((step) => step.attempt));
  for (const attempt of attempts) {
    const own = steps.filter((step) => step.attempt === attempt);
    const done = own.filter((step) => step.state === 'DONE').map(keyOf);
    const tried = own.filter((step) => step.state === 'UNDONE' || step.state === 'UNDO_FAILED').map(keyOf);
    const undone = [...new Set(tried)].filter((key) => done.includes(key));
    expect(undone).toEqual([...new Set(done)].reverse().filter((key) => undone.includes(key)));
  }
}
