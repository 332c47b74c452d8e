import { type Check, each, idsOf, isPaid } from './invariant';

interface Entry {
  readonly type: 'charge' | 'refund';
  readonly amount: number;
  readonly key: string;
}

/** I2: by the provider's ledger, captured - refunded - adjusted is the order's total when it is paid, and nothing when not. */
export const moneyAddsUp: Check = async (checked) => {
  const { outside, orders } = checked;
  const ours = new Map(
    (
      await outside.rows<{ id: string; adjusted: string; net: string }>(
        `select o.id, coalesce(sum(m.amount_minor) filter (where m.kind = 'adjustment'), 0) as adjusted,
           coalesce(sum(case m.kind when 'charge' then m.amount_minor else -m.amount_minor end), 0) as net
         from orders o left join money_movements m on m.order_id = o.id
         where o.id = any($1) group by o.id`,
        [idsOf(checked)],
      )
    ).map(({ id, adjusted, net }) => [Number(id), { adjusted: Number(adjusted), net: Number(net) }]),
  );
  return each(orders, async (order) => {
    const entries = await outside.provider<Entry[]>(`/ledger?orderId=${order.id}`);
    const sumOf = (type: Entry['type']) =>
      entries.filter((entry) => entry.type === type).reduce((sum, { amount }) => sum + amount, 0);
    const { adjusted = 0, net = 0 } = ours.get(order.id) ?? {};
    const due = isPaid(order) ? order.total : 0;
    const held = sumOf('charge') - sumOf('refund') - adjusted;
    const found: string[] = [];
    const named = `order ${order.id} (${order.status}, total ${order.total})`;
    if (held !== due) found.push(`${named}: the provider holds ${held}, due is ${due}: ${JSON.stringify(entries)}`);
    if (net !== due) found.push(`${named}: our own ledger says ${net}, due is ${due}`);
    const charges = entries.filter(({ type }) => type === 'charge').map(({ key }) => key);
    if (new Set(charges).size < charges.length) found.push(`${named}: charged twice under one key: ${charges.join()}`);
    return found;
  });
};
