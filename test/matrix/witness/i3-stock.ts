import { type Check, idsOf } from './invariant';

interface Product {
  readonly sku: string;
  readonly put: string;
  readonly free: string;
  readonly held: string;
  readonly sold: string;
  readonly should_hold: string;
  readonly should_sell: string;
}

/** I3: the stock put in is free, held or sold, never negative; held and sold is what the orders say. */
export const stockAddsUp: Check = async (checked) => {
  const products = await checked.outside.rows<Product>(
    `select p.sku, p.free_units as free, p.held_units as held, p.sold_units as sold,
       (select coalesce(sum(units), 0) from stock_movements m where m.sku = p.sku and m.kind in ('set', 'adjust')) as put,
       (select coalesce(sum(l.quantity), 0) from order_lines l join orders o on o.id = l.order_id
         where l.sku = p.sku and o.status in ('PENDING_PAYMENT', 'PAYMENT_COMPLETED')) as should_hold,
       (select coalesce(sum(l.quantity), 0) from order_lines l join orders o on o.id = l.order_id
         where l.sku = p.sku and o.status not in ('CREATED', 'PENDING_PAYMENT', 'PAYMENT_COMPLETED', 'CANCELLED', 'REFUNDED')
       ) as should_sell
     from products p
     where p.sku in (select sku from order_lines where order_id = any($1))`,
    [idsOf(checked)],
  );
  return products.flatMap(({ sku, ...text }) => {
    const { put, free, held, sold, should_hold, should_sell } = Object.fromEntries(
      Object.entries(text).map(([name, units]) => [name, Number(units)]),
    ) as Record<Exclude<keyof Product, 'sku'>, number>;
    const found: string[] = [];
    if (free + held + sold !== put) found.push(`${sku}: put in ${put}, and ${free} free + ${held} held + ${sold} sold`);
    if (Math.min(free, held, sold) < 0) found.push(`${sku}: negative: ${free} free, ${held} held, ${sold} sold`);
    if (held !== should_hold) found.push(`${sku}: ${held} held, and unpaid orders have ${should_hold}`);
    if (sold !== should_sell) found.push(`${sku}: ${sold} sold, and paid orders have ${should_sell}`);
    return found;
  });
};
