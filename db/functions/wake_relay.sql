-- The trigger of the outbox. NOTIFY makes the commits of a whole database wait for each other, so where many come close
-- together a function leaves it out, by a setting of its transaction, and its caller wakes the relay once it has committed.
create or replace function wake_relay() returns trigger language plpgsql as $$
begin
  if current_setting('ordersaga.relay_is_woken', true) is distinct from 'after commit' then
    perform pg_notify('outbox', '');
  end if;
  return null;
end $$;
