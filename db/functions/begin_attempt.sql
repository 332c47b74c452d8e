-- Accepts a request once, and only for an order in PENDING_PAYMENT; a newer request replaces a retry that waits. The same
-- attempt again is accepted again, with how it ended.
-- `call`: orderId, attempt, eventId, retryCount, at.
-- Returns accepted with what decides which steps the attempt needs, of the order and as the request; where it is over: ended,
-- status, failure.
-- Not accepted: why; ORDER_ENDING: its hold has run out.
create or replace function begin_attempt(call jsonb) returns jsonb language plpgsql as $$
declare
  the_order orders := require_order((call ->> 'orderId')::bigint);
  request processing_requests;
  accepted jsonb;
  refusal text;
begin
  select * into request from processing_requests
    where order_id = the_order.id and event_id = call ->> 'eventId' and retry_count = (call ->> 'retryCount')::integer;
  if not found then
    return '{"accepted": false, "why": "REQUEST_NOT_FOUND"}';
  end if;
  accepted := jsonb_build_object('accepted', true, 'totalMinor', the_order.total_minor,
    'hasCoupon', the_order.coupon_request_id is not null, 'request', request.event -> 'requestDto');

  if request.attempt = (call ->> 'attempt')::integer then
    return case
      when request.state = 'DONE' then accepted || '{"ended": "DONE"}'
      when request.state = 'RUNNING' and request.failure is null then accepted
      else accepted || jsonb_build_object('ended', 'FAILED', 'status', the_order.status)
        || case when request.failure is null then '{}' else jsonb_build_object('failure', request.failure) end
    end;
  end if;
  if request.state <> 'PENDING' then
    return jsonb_build_object('accepted', false, 'why', 'REQUEST_' || request.state);
  end if;

  refusal := case
    when the_order.status <> 'PENDING_PAYMENT' then 'ORDER_' || the_order.status
    -- Its stock may be gone already: a workflow task that was lost can have come so far.
    when the_order.saga_state = 'COMPENSATING' and the_order.status_reason = 'HOLD_EXPIRED' then 'ORDER_ENDING'
  end;
  update processing_requests
    set state = case when refusal is null then 'RUNNING' else 'SKIPPED' end,
      attempt = case when refusal is null then (call ->> 'attempt')::integer else processing_requests.attempt end,
      reason = case when refusal is null then reason
        when refusal = 'ORDER_ENDING' then 'HOLD_EXPIRED' else 'order is ' || the_order.status end,
      updated_at = now()
    where order_id = the_order.id and event_id = request.event_id and retry_count = request.retry_count;
  if refusal is not null then
    return jsonb_build_object('accepted', false, 'why', refusal);
  end if;
  update processing_requests set state = 'REPLACED', updated_at = now()
    where order_id = the_order.id and state = 'PENDING' and retry_count > 0;
  update orders set saga_state = 'RUNNING', saga_state_at = (call ->> 'at')::timestamptz where id = the_order.id;
  return accepted;
end $$;
