-- Moves an order's units between the piles of its products, with a movement for each. hold: its lines, from free to held;
-- sell: what it holds; release: what it holds, back to free; return: what was sold to it, back to free.
create or replace function move_stock(the_order bigint, movement text, movement_key text) returns void language plpgsql as $$
declare
  moved record;
begin
  for moved in
    select l.sku, l.quantity as units from order_lines l where l.order_id = the_order and movement = 'hold'
    union all
    select s.sku, case movement when 'return' then s.sold else s.held end
      from stock_of_order(the_order) s
      where movement <> 'hold' and case movement when 'return' then s.sold else s.held end > 0
    -- So that no two orders deadlock.
    order by sku
  loop
    update products set updated_at = now(),
      free_units = free_units + case movement when 'hold' then -moved.units when 'sell' then 0 else moved.units end,
      held_units = held_units + case movement when 'hold' then moved.units when 'return' then 0 else -moved.units end,
      sold_units = sold_units + case movement when 'sell' then moved.units when 'return' then -moved.units else 0 end
      where sku = moved.sku;
    insert into stock_movements (sku, order_id, kind, units, key)
      values (moved.sku, the_order, movement, moved.units, movement_key);
  end loop;
end $$;
