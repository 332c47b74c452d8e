-- Where a run goes on with an order that another run had: its status, what is left of its hold, how many attempts are over and why
-- they failed, and the requests to take: first the one whose attempt is under way or was settled, which is taken up as the same
-- attempt, then those that the other run had and had not begun.
create or replace function resumption_of(the_order orders) returns jsonb language plpgsql stable as $$
declare
  newest processing_requests;
  open_requests jsonb;
begin
  select * into newest from processing_requests where order_id = the_order.id and attempt > 0 order by attempt desc limit 1;
  select jsonb_agg(jsonb_build_object('eventId', event_id, 'retryCount', retry_count) order by attempt nulls last, created_at)
    into open_requests
    from processing_requests
    where order_id = the_order.id and (state = 'PENDING' and signalled_at is not null
      or attempt = newest.attempt and newest.state in ('RUNNING', 'DONE'));
  return jsonb_build_object('resumed', jsonb_build_object('status', the_order.status,
    -- Its clock stands still while a request is served, and from when a retry was scheduled.
    'holdLeftMs', greatest(0, extract(epoch from the_order.hold_expires_at - coalesce((
      select min(case when retry_count > 0 then created_at else updated_at end) from processing_requests
        where order_id = the_order.id and (state = 'RUNNING' or state = 'PENDING' and retry_count > 0)
      ), clock_timestamp())) * 1000)::bigint,
    'attempt', coalesce(newest.attempt, 0) - case when newest.state in ('RUNNING', 'DONE') then 1 else 0 end,
    'declines', (select count(*) from processing_requests
      where order_id = the_order.id and state = 'FAILED' and failure ->> 'kind' = 'DECLINED'),
    'refusals', (select count(*) from processing_requests
      where order_id = the_order.id and state = 'FAILED' and failure ->> 'kind' = 'REFUSED'),
    'requests', coalesce(open_requests, '[]')));
end $$;
