-- A customer's request to pay, in the place of retries that wait, if the order is the user's own, its state allows it and no other
-- request is active. Each statement here sees what was committed before it: what is looked at after the order's lock was
-- waited for is not of the time before. Null: the user has no such order.
-- `asked`: userId, payableIn, refusedIn, headers of the event, notifies (whether the commit wakes the relay), and the event, which has all but the order's own address.
create or replace function request_payment(asked jsonb) returns jsonb language plpgsql as $$
declare
  event jsonb := asked -> 'event';
  wanted_order bigint := (event -> 'orderId')::bigint;
  found_order record;
  is_saved boolean;
begin
  if not (asked -> 'notifies')::boolean then
    perform set_config('ordersaga.relay_is_woken', 'after commit', true);
  end if;
  select o.user_email, o.status, o.saga_state into found_order
    from orders o where o.id = wanted_order and o.user_id = asked ->> 'userId' for no key update;
  if not found then
    return null;
  end if;
  is_saved := asked -> 'payableIn' ? found_order.status and not asked -> 'refusedIn' ? found_order.saga_state
    and not exists (
      select from processing_requests r
      where r.order_id = wanted_order and (r.state = 'RUNNING' or (r.state = 'PENDING' and r.retry_count = 0)));
  if is_saved then
    event := event || jsonb_build_object('userEmail', found_order.user_email);
    update processing_requests r set state = 'REPLACED', updated_at = now()
      where r.order_id = wanted_order and r.state = 'PENDING' and r.retry_count > 0;
    insert into processing_requests (order_id, event_id, retry_count, source, event)
      values (wanted_order, event ->> 'eventId', (event -> 'retryCount')::int, 'api', event);
    insert into outbox (topic, key, value, headers)
      values ('order-processing-topic', wanted_order::text, event::text, asked -> 'headers');
    perform add_to_timeline(wanted_order, 'request',
      jsonb_build_object('eventId', event -> 'eventId', 'retryCount', event -> 'retryCount'));
  end if;
  return jsonb_build_object('status', found_order.status, 'sagaState', found_order.saga_state, 'isSaved', is_saved);
end $$;
