import { randomUUID } from 'node:crypto';
import type { Db, DbOrTrx, Trx } from './connection';

export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly priceMinor: number;
  readonly freeUnits: number;
}

const COLUMNS = { sku: 'sku', name: 'name', priceMinor: 'price_minor', freeUnits: 'free_units' } as const;

export async function listProducts(db: Db): Promise<Product[]> {
  return (await db('products').select(COLUMNS).orderBy('sku')) as Product[];
}

export async function findProducts(db: DbOrTrx, skus: readonly string[]): Promise<Product[]> {
  return (await db('products')
    .select(COLUMNS)
    .whereIn('sku', skus as string[])) as Product[];
}

/** Creates or changes a product and sets its free units; the ledger gets the difference. */
export async function putProduct(trx: Trx, product: Product): Promise<void> {
  await trx('products')
    .insert({ sku: product.sku, name: product.name, price_minor: product.priceMinor })
    .onConflict('sku')
    .ignore();
  const before = (await trx('products').where({ sku: product.sku }).forNoKeyUpdate().first('free_units')) as {
    free_units: number;
  };
  await trx('products').where({ sku: product.sku }).update({
    name: product.name,
    price_minor: product.priceMinor,
    free_units: product.freeUnits,
    updated_at: trx.fn.now(),
  });
  const difference = product.freeUnits - before.free_units;
  if (difference !== 0) {
    await trx('stock_movements').insert({
      sku: product.sku,
      kind: 'set',
      units: difference,
      key: `set:${randomUUID()}`,
    });
  }
}
