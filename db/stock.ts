import type { Shortage } from '../contracts/events';
import type { Trx } from './connection';
import type { OrderLine } from './orders';

/** A movement's kind and what it does to the three piles; `set` is written by `putProduct`. */
const EFFECT = {
  hold: { free_units: -1, held_units: 1, sold_units: 0 },
  release: { free_units: 1, held_units: -1, sold_units: 0 },
  sell: { free_units: 0, held_units: -1, sold_units: 1 },
  return: { free_units: 1, held_units: 0, sold_units: -1 },
} as const;
type Movement = keyof typeof EFFECT;

interface Moved {
  readonly orderId: number;
  readonly key: string;
}

/** Holds every line or none; returns what was short. Products are locked in sku order, so that no two orders deadlock. */
export async function holdStock(trx: Trx, moved: Moved, lines: readonly OrderLine[]): Promise<Shortage[]> {
  const products = (await trx('products')
    .select('sku', 'free_units')
    .whereIn(
      'sku',
      lines.map((line) => line.sku),
    )
    .orderBy('sku')
    // Not FOR UPDATE: orders being placed lock these rows as what their lines refer to, in an order of their own.
    .forNoKeyUpdate()) as { sku: string; free_units: number }[];
  const free = new Map(products.map((product) => [product.sku, product.free_units]));
  const shortages = lines
    .map((line) => ({ sku: line.sku, requested: line.quantity, available: free.get(line.sku) ?? 0 }))
    .filter((line) => line.available < line.requested);
  if (shortages.length === 0) await move(trx, 'hold', moved, lines);
  return shortages;
}

/** Makes what is held sold. */
export async function sellHeldStock(trx: Trx, moved: Moved): Promise<void> {
  const { held } = await stockOfOrder(trx, moved.orderId);
  await move(trx, 'sell', moved, held);
}

/** Puts back whatever the order has, held or sold. */
export async function putBackStock(trx: Trx, moved: Moved): Promise<void> {
  const { held, sold } = await stockOfOrder(trx, moved.orderId);
  await move(trx, 'release', moved, held);
  await move(trx, 'return', moved, sold);
}

/** Writes off what the order still has: it leaves the ledger, and the movement says why. */
export async function writeOffStock(trx: Trx, moved: Moved & { readonly reason: string }): Promise<void> {
  const { held, sold } = await stockOfOrder(trx, moved.orderId);
  for (const [pile, lines] of [
    ['held_units', held],
    ['sold_units', sold],
  ] as const) {
    for (const line of lines) {
      await trx('products').where({ sku: line.sku }).decrement(pile, line.quantity);
      await trx('stock_movements').insert({
        sku: line.sku,
        order_id: moved.orderId,
        kind: 'adjust',
        units: -line.quantity,
        key: `${moved.key}:${pile}`,
        reason: moved.reason,
      });
    }
  }
}

type Units = Pick<OrderLine, 'sku' | 'quantity'>;

/** What the ledger says the order has, by pile. */
async function stockOfOrder(trx: Trx, orderId: number): Promise<{ held: Units[]; sold: Units[] }> {
  const rows = (await trx('stock_movements')
    .where({ order_id: orderId })
    .groupBy('sku')
    .orderBy('sku')
    .select(
      'sku',
      trx.raw(`sum(case kind when 'hold' then units when 'release' then -units when 'sell' then -units
        when 'adjust' then case when key like '%:held_units' then units else 0 end else 0 end)::bigint as held`),
      trx.raw(`sum(case kind when 'sell' then units when 'return' then -units
        when 'adjust' then case when key like '%:sold_units' then units else 0 end else 0 end)::bigint as sold`),
    )) as { sku: string; held: number; sold: number }[];
  return {
    held: rows.filter((row) => row.held > 0).map((row) => ({ sku: row.sku, quantity: row.held })),
    sold: rows.filter((row) => row.sold > 0).map((row) => ({ sku: row.sku, quantity: row.sold })),
  };
}

async function move(trx: Trx, kind: Movement, moved: Moved, lines: readonly Units[]): Promise<void> {
  if (lines.length === 0) return;
  const effect = EFFECT[kind];
  for (const line of lines) {
    await trx('products')
      .where({ sku: line.sku })
      .update({
        free_units: trx.raw('free_units + ?', [effect.free_units * line.quantity]),
        held_units: trx.raw('held_units + ?', [effect.held_units * line.quantity]),
        sold_units: trx.raw('sold_units + ?', [effect.sold_units * line.quantity]),
        updated_at: trx.fn.now(),
      });
  }
  await trx('stock_movements').insert(
    lines.map((line) => ({ sku: line.sku, order_id: moved.orderId, kind, units: line.quantity, key: moved.key })),
  );
}
