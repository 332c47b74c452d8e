-- An order's move from one status to another (null: its birth), in its timeline and as `order.status.changed`.
create or replace function announce_move(
  the_order bigint, moved_at timestamptz, before text, after text, reason text, trace jsonb
) returns void language plpgsql as $$
declare
  move jsonb := jsonb_build_object('from', before, 'to', after)
    || case when reason is null then '{}' else jsonb_build_object('reason', reason) end;
begin
  perform add_to_timeline(the_order, 'status', move);
  insert into outbox (topic, key, value, headers) values (
    'order.status.changed', the_order::text, event_text(moved_at, move || jsonb_build_object('orderId', the_order)), trace);
end $$;
