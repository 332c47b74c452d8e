-- Where a run goes on with an order that another run had: `resumed`, with the order's status, how many attempts are over, and the
-- requests to take: first the one whose attempt is under way or was settled, which is taken up as the same attempt, then those that
-- the other run had and had not begun. Empty: there was no attempt.
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
  if newest.attempt is null and open_requests is null then
    return '{}';
  end if;
  return jsonb_build_object('resumed', jsonb_build_object('status', the_order.status,
    'attempt', coalesce(newest.attempt, 0) - case when newest.state in ('RUNNING', 'DONE') then 1 else 0 end,
    'requests', coalesce(open_requests, '[]')));
end $$;
