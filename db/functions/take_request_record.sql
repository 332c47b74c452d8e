-- The bridge takes a payment request's record, before its workflow has the request: one that came from elsewhere is saved,
-- and the first of several records is noted, for from then on the request may end as a dead letter, whatever becomes of the
-- bridge. Its bytes are kept while it may, for they hold its token. Null: no such order.
-- `input`: orderId, eventId, retryCount, event, record (its position), bytes.
create or replace function take_request_record(input jsonb) returns jsonb language plpgsql as $$
declare
  the_order bigint := input -> 'orderId';
  the_event text := input ->> 'eventId';
  the_retry integer := input -> 'retryCount';
  the_status text;
  request processing_requests%rowtype;
begin
  select status into the_status from orders where id = the_order;
  if not found then
    return null;
  end if;
  -- Two loops at most: what another process saves meanwhile is found the second time.
  loop
    select * into request from processing_requests
      where order_id = the_order and event_id = the_event and retry_count = the_retry;
    exit when found;
    insert into processing_requests (order_id, event_id, retry_count, source, event)
      values (the_order, the_event, the_retry, 'kafka', input -> 'event') on conflict do nothing;
  end loop;
  if request.record is null then
    update processing_requests
      set record = input -> 'record', record_bytes = case when state in ('PENDING', 'RUNNING') then input -> 'bytes' end
      where order_id = the_order and event_id = the_event and retry_count = the_retry and record is null;
  end if;
  return jsonb_build_object('orderStatus', the_status, 'state', request.state, 'reason', request.reason,
    'isSignalled', request.signalled_at is not null);
end $$;
