-- Writes the intent of a provider's step, unless its do or its undo has begun before: whichever comes first, the other meets it.
-- `call`: orderId, step, attempt, and the request: eventId, retryCount.
-- Returns the step's record, whether it is new, and what the provider must know: the order's total and currency, and the request.
create or replace function begin_step(call jsonb) returns jsonb language plpgsql as $$
declare
  step_key text := concat_ws(':', call ->> 'orderId', call ->> 'step', call ->> 'attempt');
  is_new boolean;
  found_step jsonb;
begin
  insert into saga_steps (key, order_id, step, attempt, state)
    values (step_key, (call ->> 'orderId')::bigint, call ->> 'step', (call ->> 'attempt')::integer, 'UNKNOWN')
    on conflict (key) do nothing;
  is_new := found;
  select jsonb_build_object('isNew', is_new, 'key', s.key, 'orderId', s.order_id, 'step', s.step, 'attempt', s.attempt,
      'state', s.state, 'providerRef', s.provider_ref, 'refusedCode', s.refused_code,
      'totalMinor', o.total_minor, 'currency', o.currency, 'request', r.event -> 'requestDto')
    into found_step
    from saga_steps s
      join orders o on o.id = s.order_id
      left join processing_requests r on r.order_id = s.order_id
        and r.event_id = call ->> 'eventId' and r.retry_count = (call ->> 'retryCount')::integer
    where s.key = step_key;
  return found_step;
end $$;
