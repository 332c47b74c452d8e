-- Ends a good attempt: the stock is sold, the request done, the customer notified. Nothing where it was settled before.
-- `call`: as of `require_running`, and at, headers, isStored (the goods are in the warehouse, and the order is complete), and
-- the body of the customer's notification. Returns how long ago the customer asked, in ms, where that is known.
create or replace function settle_attempt(call jsonb) returns jsonb language plpgsql as $$
declare
  the_order orders := require_order((call ->> 'orderId')::bigint);
  is_stored boolean := (call ->> 'isStored')::boolean;
begin
  if not require_running(call) then
    return '{}';
  end if;
  perform advance_order(the_order, call || case
    when is_stored then '{"path": ["IN_WAREHOUSE", "COMPLETED"], "sagaState": "SETTLED"}'::jsonb
    else '{"path": ["PAYMENT_COMPLETED", "PREPARING"], "sagaState": "WAITING"}' end);
  perform move_stock(the_order.id, 'sell', the_order.id || ':stock:0');
  update processing_requests set state = 'DONE', updated_at = now()
    where order_id = the_order.id and event_id = call ->> 'eventId' and retry_count = (call ->> 'retryCount')::integer;
  if is_stored then
    perform close_requests(the_order.id);
  end if;
  perform notify_customer(the_order, case when is_stored then 'STORED' else 'PREPARING' end, call ->> 'notification');
  return jsonb_build_object('sinceRequestedMs', (
    select extract(epoch from clock_timestamp() - created_at) * 1000 from processing_requests
      where order_id = the_order.id and event_id = call ->> 'eventId' and retry_count = 0));
end $$;
