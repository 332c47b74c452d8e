import { developmentUserId } from '../../cli/development-token';
import type { Db, Trx } from '../../db/connection';

/** Orders as their stock step leaves them, ready to be paid: made by statements, as workflows would take minutes. */
export async function preparePayableOrders(db: Db, count: number): Promise<number[]> {
  const ids = await db.transaction(async (trx) => {
    const made = await insertOrders(trx, count);
    for (const statement of RESERVED) await trx.raw(statement, [made]);
    return made;
  });
  // Lets the planner know what there is: also of what a payment writes, of which a minute ago there was nothing.
  await db.raw('analyze');
  return ids;
}

async function insertOrders(trx: Trx, count: number): Promise<number[]> {
  const { rows } = await trx.raw<{ rows: { id: number }[] }>(
    `insert into orders (user_id, user_email, currency, total_minor)
     select ?, 'kim@example.com', 'KRW', 1000 from generate_series(1, ?) returning id`,
    [developmentUserId('kim@example.com'), count],
  );
  return rows.map(({ id }) => id);
}

const RESERVED: readonly string[] = [
  `insert into order_lines (order_id, sku, name, quantity, unit_price_minor)
   select id, 'bench-' || (id % 200), 'Mug', 1, 1000 from unnest(?::bigint[]) as id`,
  `insert into stock_movements (sku, order_id, kind, units, key)
   select sku, order_id, 'hold', quantity, order_id || ':stock:0' from order_lines where order_id = any(?)`,
  `update products set free_units = free_units - held.units, held_units = held_units + held.units
   from (select sku, sum(quantity) as units from order_lines where order_id = any(?) group by sku) as held
   where held.sku = products.sku`,
  `insert into saga_steps (key, order_id, step, attempt, state)
   select id || ':stock:0', id, 'stock', 0, 'DONE' from unnest(?::bigint[]) as id`,
  `update orders set status = 'PENDING_PAYMENT', saga_state = 'WAITING', hold_expires_at = now() + interval '15 minutes'
   where id = any(?)`,
];
