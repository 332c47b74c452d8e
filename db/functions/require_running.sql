-- Whether the attempt is running, as far as the steps named in `call` are done; false: this very attempt was settled before.
-- A worker that froze goes on a minute later with what it knew then, so whatever ends an attempt, or a part of it, asks this
-- under the order's lock. OS002: the attempt has ended otherwise, or of its steps and its stock not all are done.
-- `call`: orderId, attempt, eventId, retryCount, steps.
create or replace function require_running(call jsonb) returns boolean language plpgsql as $$
declare
  request processing_requests;
  missing text;
begin
  select * into request from processing_requests
    where order_id = (call ->> 'orderId')::bigint and event_id = call ->> 'eventId'
      and retry_count = (call ->> 'retryCount')::integer and attempt = (call ->> 'attempt')::integer;
  if request.state = 'DONE' then
    return false;
  end if;
  if request.state is distinct from 'RUNNING' or request.failure is not null then
    raise exception using errcode = 'OS002', constraint = 'ATTEMPT_ENDED',
      message = format('attempt %s is not running any more', call ->> 'attempt');
  end if;
  select string_agg(needed.step, ', ') into missing
    from (
      select step, request.attempt as attempt from jsonb_array_elements_text(call -> 'steps') step union all select 'stock', 0
    ) needed
    where not exists (
      select from saga_steps s
      where s.key = concat_ws(':', request.order_id, needed.step, needed.attempt) and s.state = 'DONE');
  if missing is not null then
    raise exception using errcode = 'OS002', constraint = 'STEPS_NOT_DONE',
      message = format('not done, or undone: %s of attempt %s', missing, request.attempt);
  end if;
  return true;
end $$;
