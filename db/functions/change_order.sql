-- Moves a locked order through statuses, and announces each; one that ends unsold frees its coupon. Without a status to
-- pass, only what is shown of its saga changes. The trigger `orders_moves` refuses a move that is not in the table (OS001).
-- `change`: through, sagaState, at, headers of the events; where given, reason and holdExpiresAt.
create or replace function change_order(the_order bigint, change jsonb) returns void language plpgsql as $$
declare
  changed_at timestamptz := change ->> 'at';
  why text := change ->> 'reason';
  before text;
  after text;
begin
  if change -> 'through' = '[]' then
    update orders set saga_state = change ->> 'sagaState', saga_state_at = changed_at,
      status_reason = coalesce(why, status_reason)
      where id = the_order;
    return;
  end if;
  for after in select jsonb_array_elements_text(change -> 'through') loop
    select status into before from orders where id = the_order;
    update orders set status = after, status_reason = why, saga_state = change ->> 'sagaState',
      saga_state_at = changed_at, updated_at = changed_at,
      hold_expires_at = case when change ? 'holdExpiresAt' then (change ->> 'holdExpiresAt')::timestamptz else hold_expires_at end
      where id = the_order;
    perform announce_move(the_order, changed_at, before, after, why, change -> 'headers');
  end loop;
  if after in ('CANCELLED', 'REFUNDED') then
    update coupon_requests set order_id = null, redeemed_at = null where order_id = the_order;
  end if;
end $$;
