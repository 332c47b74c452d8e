import type { DbOrTrx } from './connection';

export interface MoneyMovement {
  readonly orderId: number;
  readonly kind: 'charge' | 'refund' | 'adjustment';
  readonly amountMinor: number;
  /** The step's key; one charge, one refund and one adjustment a key. */
  readonly key: string;
  readonly providerRef?: string | null;
  readonly reason?: string;
}

/** Writes a movement once: the same key and kind again changes nothing. */
export async function recordMoney(trx: DbOrTrx, movement: MoneyMovement): Promise<void> {
  await trx('money_movements')
    .insert({
      order_id: movement.orderId,
      kind: movement.kind,
      amount_minor: movement.amountMinor,
      key: movement.key,
      provider_ref: movement.providerRef ?? null,
      reason: movement.reason ?? null,
    })
    .onConflict(['key', 'kind'])
    .ignore();
}

/** Charged - refunded - adjusted of one step's key, in minor units: what is still taken from the customer. */
export function netCharged(db: DbOrTrx, key: string): Promise<number> {
  return netOf(db, { key });
}

/** The same of all attempts of an order. */
export function netChargedOfOrder(db: DbOrTrx, orderId: number): Promise<number> {
  return netOf(db, { order_id: orderId });
}

async function netOf(db: DbOrTrx, which: { readonly key: string } | { readonly order_id: number }): Promise<number> {
  const row = (await db('money_movements')
    .where(which)
    .sum({ net: db.raw(`case kind when 'charge' then amount_minor else -amount_minor end`) })
    .first()) as { net: string | null } | undefined;
  return Number(row?.net ?? 0);
}
