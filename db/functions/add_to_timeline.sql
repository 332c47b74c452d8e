-- Appends an entry to the order's durable timeline; with the order's row locked, so that ids follow commits. Its time is the
-- database's, and never before that of the entry before it, whichever process or clock it comes from. The same dedupe key twice
-- in one order is one entry.
create or replace function add_to_timeline(
  the_order bigint, entry_type text, entry_data jsonb, entry_key text default null
) returns void language sql as $$
  insert into timeline (order_id, at, type, data, dedupe_key)
    values (the_order,
      greatest(clock_timestamp(), (select at from timeline where order_id = the_order order by id desc limit 1)),
      entry_type, entry_data, entry_key)
    on conflict (order_id, dedupe_key) do nothing
$$;
