-- What the ledger says an order has of each product, by pile.
create or replace function stock_of_order(the_order bigint)
returns table (sku text, held bigint, sold bigint) language sql stable as $$
  select m.sku,
    sum(case m.kind when 'hold' then m.units when 'release' then -m.units when 'sell' then -m.units
      when 'adjust' then case when m.key like '%:held_units' then m.units else 0 end else 0 end)::bigint,
    sum(case m.kind when 'sell' then m.units when 'return' then -m.units
      when 'adjust' then case when m.key like '%:sold_units' then m.units else 0 end else 0 end)::bigint
  from stock_movements m
  where m.order_id = the_order
  group by m.sku
$$;
