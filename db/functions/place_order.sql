-- Saves an order as CREATED with all that belongs to it: its lines, its coupon's claim, the start of its timeline, the event of its
-- birth, and the one that requests its stock, in the outbox. What it costs is decided before. Null: another order has the coupon.
-- `placed`: userId, userEmail, currency, totalMinor, lines, headers of the events, notifies (whether the commit wakes the relay); where it has one, coupon.
create or replace function place_order(placed jsonb) returns jsonb language plpgsql as $$
declare
  coupon jsonb := placed -> 'coupon';
  new_order orders;
  stock jsonb;
begin
  if not (placed -> 'notifies')::boolean then
    perform set_config('ordersaga.relay_is_woken', 'after commit', true);
  end if;
  if coupon is not null then
    perform from coupon_requests r
      where r.request_id = coupon ->> 'requestId' and r.user_id = placed ->> 'userId' and r.order_id is null
      for no key update;
    if not found then
      return null;
    end if;
  end if;

  insert into orders (user_id, user_email, currency, total_minor, coupon_request_id, coupon_code, discount_minor)
    values (placed ->> 'userId', placed ->> 'userEmail', placed ->> 'currency', (placed ->> 'totalMinor')::bigint,
      coupon ->> 'requestId', coupon ->> 'code', coalesce((coupon ->> 'discountMinor')::bigint, 0))
    returning * into new_order;
  with lines as (
    insert into order_lines (order_id, sku, name, quantity, unit_price_minor)
      select new_order.id, line.sku, line.name, line.quantity, line."unitPriceMinor"
        from jsonb_to_recordset(placed -> 'lines') as line (sku text, name text, quantity bigint, "unitPriceMinor" bigint)
      returning sku, quantity)
  select jsonb_build_object('orderId', new_order.id, 'userEmail', new_order.user_email,
      'lines', jsonb_agg(jsonb_build_object('sku', sku, 'quantity', quantity)))
    into stock from lines;
  if coupon is not null then
    update coupon_requests set order_id = new_order.id where request_id = coupon ->> 'requestId';
  end if;

  perform announce_move(new_order.id, new_order.created_at, null, 'CREATED', null, placed -> 'headers');
  insert into outbox (topic, key, value, headers) values ('stock.decrease.requested', new_order.id::text,
    event_text(new_order.created_at, stock), placed -> 'headers');
  return jsonb_build_object('id', new_order.id, 'createdAt', new_order.created_at);
end $$;
