import type { Shop } from './shop';

/** Where the books of an order are read. */
export type Ledgers = Pick<Shop, 'db' | 'capturedNet' | 'stock'>;

/**
 * I1 to I3 and I9 for one order: its state is final or waiting, the provider's ledger and ours agree with it, the
 * stock adds up, and undo ran in reverse.
 */
export async function expectBooksToAddUp(shop: Ledgers, orderId: number): Promise<void> {
  const order = (await shop.db('orders').where({ id: orderId }).first()) as {
    status: string;
    saga_state: string;
    total_minor: number;
  };
  expect(['SETTLED', 'WAITING']).toContain(order.saga_state);
  const isPaid = !['CREATED', 'PENDING_PAYMENT', 'CANCELLED', 'REFUNDED'].includes(order.status);
  const adjusted = await moneyOf(shop, orderId, 'adjustment');
  expect((await shop.capturedNet(orderId)) - adjusted).toBe(isPaid ? order.total_minor : 0);
  const ours = (await moneyOf(shop, orderId, 'charge')) - (await moneyOf(shop, orderId, 'refund')) - adjusted;
  expect(ours).toBe(isPaid ? order.total_minor : 0);
  await expectStockToAddUp(shop, orderId);
  await expectUndoInReverse(shop, orderId);
}

async function moneyOf(shop: Ledgers, orderId: number, kind: string): Promise<number> {
  const row = (await shop
    .db('money_movements')
    .where({ order_id: orderId, kind })
    .sum({ sum: 'amount_minor' })
    .first()) as {
    sum: string | null;
  };
  return Number(row.sum ?? 0);
}

async function expectStockToAddUp(shop: Ledgers, orderId: number): Promise<void> {
  const skus = (await shop.db('order_lines').where({ order_id: orderId }).pluck('sku')) as string[];
  for (const sku of skus) {
    const put = (await shop
      .db('stock_movements')
      .where({ sku })
      .whereIn('kind', ['set', 'adjust'])
      .sum({ sum: 'units' })
      .first()) as { sum: string | null };
    const { free, held, sold } = await shop.stock(sku);
    expect({ sku, sum: free + held + sold }).toEqual({ sku, sum: Number(put.sum ?? 0) });
  }
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
