-- Closes what still waits, and an attempt that a cancel broke off, when the order has ended.
create or replace function close_requests(the_order bigint) returns void language sql as $$
  update processing_requests
    set state = case state when 'RUNNING' then 'FAILED' else 'SKIPPED' end, reason = 'order ended', updated_at = now()
    where order_id = the_order and state in ('PENDING', 'RUNNING')
$$;
