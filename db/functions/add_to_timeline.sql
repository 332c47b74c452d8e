-- Appends an entry to the order's durable timeline; with the order's row locked, so that ids follow commits. The same
-- dedupe key twice in one order is one entry.
create or replace function add_to_timeline(
  the_order bigint, happened_at timestamptz, entry_type text, entry_data jsonb, entry_key text default null
) returns void language sql as $$
  insert into timeline (order_id, at, type, data, dedupe_key)
    values (the_order, happened_at, entry_type, entry_data, entry_key)
    on conflict (order_id, dedupe_key) do nothing
$$;
