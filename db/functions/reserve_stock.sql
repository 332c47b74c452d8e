-- Claims an order for a workflow and holds all its lines, or none. Enough: PENDING_PAYMENT; short: the order is CANCELLED,
-- and `stock.decrease.failed` published.
-- `call`: orderId, runId, at, holdExpiresAt, headers, and the notification of a shortage: its body.
-- Returns the outcome: HELD with what the attempts must know of the order, and, where another run was before this one,
-- `resumed`; SHORT, DUPLICATE (another run has the order), CLOSED (the stock was released: before it was held, or by a run that
-- was undoing the order, with the steps that are `left` to be undone and whether their attempt `isSettled`) or UNKNOWN_ORDER.
create or replace function reserve_stock(call jsonb) returns jsonb language plpgsql as $$
declare
  the_order orders;
  step_key text := (call ->> 'orderId') || ':stock:0';
  happened_at timestamptz := call ->> 'at';
  known_state text;
  shortages jsonb;
  held jsonb;
begin
  select * into the_order from orders where id = (call ->> 'orderId')::bigint for no key update;
  if not found then
    return '{"outcome": "UNKNOWN_ORDER"}';
  end if;
  -- Released: by an operator's restart, once the run that had the order was over.
  if the_order.run_id not in (call ->> 'runId', 'released') then
    return '{"outcome": "DUPLICATE"}';
  end if;
  update orders set run_id = call ->> 'runId' where id = the_order.id and run_id is distinct from call ->> 'runId';
  held := jsonb_build_object('outcome', 'HELD', 'totalMinor', the_order.total_minor,
    'hasCoupon', the_order.coupon_request_id is not null);

  insert into saga_steps (key, order_id, step, attempt, state) values (step_key, the_order.id, 'stock', 0, 'DONE')
    on conflict (key) do nothing;
  if not found then
    select state into known_state from saga_steps where key = step_key;
    return case known_state when 'DONE' then held || resumption_of(the_order) when 'FAILED' then '{"outcome": "SHORT"}'
      else held || jsonb_build_object('outcome', 'CLOSED', 'status', the_order.status) || steps_left(the_order) end;
  end if;

  -- In the order of sku, so that no two orders deadlock. Not FOR UPDATE: orders being placed lock these rows as what their
  -- lines refer to, in an order of their own.
  perform from products where sku in (select sku from order_lines where order_id = the_order.id) order by sku for no key update;
  select jsonb_agg(jsonb_build_object('sku', l.sku, 'requested', l.quantity, 'available', coalesce(p.free_units, 0)) order by l.sku)
    into shortages
    from order_lines l left join products p on p.sku = l.sku
    where l.order_id = the_order.id and coalesce(p.free_units, 0) < l.quantity;
  if shortages is not null then
    update saga_steps set state = 'FAILED', code = 'STOCK_SHORTAGE', updated_at = clock_timestamp() where key = step_key;
    perform record_step(the_order.id, 'stock', 0, 'FAILED', 'STOCK_SHORTAGE');
    insert into outbox (topic, key, value, headers) values ('stock.decrease.failed', the_order.id::text,
      event_text(happened_at, jsonb_build_object(
        'orderId', the_order.id, 'reason', 'STOCK_SHORTAGE', 'shortages', shortages)), call -> 'headers');
    perform change_order(the_order.id, (call - 'holdExpiresAt') || jsonb_build_object(
      'through', jsonb_build_array('CANCELLED'), 'sagaState', 'SETTLED', 'reason', 'STOCK_SHORTAGE'));
    perform notify_customer(the_order, 'CANCELLED', call ->> 'notification');
    return '{"outcome": "SHORT"}';
  end if;

  perform move_stock(the_order.id, 'hold', step_key);
  perform record_step(the_order.id, 'stock', 0, 'DONE');
  perform change_order(the_order.id, call || jsonb_build_object(
    'through', jsonb_build_array('PENDING_PAYMENT'), 'sagaState', 'WAITING'));
  return held;
end $$;
