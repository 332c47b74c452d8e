-- Issues the coupons of these requests, each once: ISSUED, counted, its event and its notification, all of them or none.
-- Returns how each request is after it; one that is not there is left out. One more than there are is refused by the check
-- on the coupon, and all others with it.
-- `input`: requests [{requestId, at, eventId, headers of the event}], topic, notification (with %s for the coupon's name).
create or replace function issue_coupons(input jsonb) returns jsonb language plpgsql as $$
declare
  -- In one order, or two batches that share requests would deadlock.
  ids text[] := array(select distinct r ->> 'requestId' from jsonb_array_elements(input -> 'requests') r order by 1);
  issued_of jsonb;
  issued_code text;
  issued_count bigint;
begin
  perform from coupon_requests where request_id = any(ids) order by request_id for no key update;
  with asked as (
    select distinct on ("requestId") * from jsonb_to_recordset(input -> 'requests')
      as r ("requestId" text, at timestamptz, "eventId" text, headers jsonb)
  ), given as (
    update coupon_requests r set status = 'ISSUED', issued_at = a.at from asked a
      where r.request_id = a."requestId" and r.status = 'REQUESTED'
      returning r.request_id, r.code, r.user_id, r.user_email, r.rank, a.at, a."eventId" as event_id, a.headers
  ), announced as (
    insert into outbox (topic, key, value, headers)
      select input ->> 'topic', g.request_id, event_text(g.at, jsonb_build_object('eventId', g.event_id,
        'requestId', g.request_id, 'userId', g.user_id, 'code', g.code, 'rank', g.rank,
        'issuedAt', to_char(g.at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))), g.headers
      from given g order by g.rank
  ), notified as (
    insert into notifications (coupon_request_id, outcome, dedupe_key, recipient, body)
      select g.request_id, 'COUPON_ISSUED', 'COUPON_ISSUED', g.user_email, format(input ->> 'notification', c.name)
      from given g join coupons c on c.code = g.code
  )
  select jsonb_object_agg(code, n) into issued_of from (select code, count(*) as n from given group by code) counts;
  -- Last, because everybody who requests the coupon waits for its row; in one order, as above.
  for issued_code, issued_count in select key, value::bigint from jsonb_each_text(issued_of) order by key loop
    update coupons set issued = issued + issued_count where code = issued_code;
  end loop;
  return (
    select coalesce(jsonb_agg(jsonb_build_object('requestId', request_id, 'code', code, 'userId', user_id, 'rank', rank,
      'status', status, 'reason', reason,
      'issuedAt', to_char(issued_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))), '[]')
    from coupon_requests where request_id = any(ids));
end $$;
