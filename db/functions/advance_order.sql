-- Moves a locked order through what is left of a path; nothing where it is at its end already.
-- `change`: as of `change_order`, with `path` instead of `through`.
create or replace function advance_order(the_order orders, change jsonb) returns void language sql as $$
  select change_order(the_order.id, change || jsonb_build_object('through', (
    select coalesce(jsonb_agg(status order by place), '[]')
    from jsonb_array_elements_text(change -> 'path') with ordinality as passed (status, place)
    where place > coalesce((
      select place from jsonb_array_elements_text(change -> 'path') with ordinality as reached (status, place)
      where status = the_order.status), 0))))
  where the_order.status <> change -> 'path' ->> -1
$$;
