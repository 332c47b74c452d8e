-- One turn of the relay: marks what it has published, and returns the rows to publish next, both in one statement. Marked
-- rows stay for a while so that operators can look at them; those of secret topics without their content.
-- Returned are the oldest unpublished rows of these lanes that are due, in the order to publish them: at most `most` of
-- each topic, so that a topic which takes nothing leaves room for the others; none of the topics and keys held back
-- (`held_keys`: [{topic, key}]). The index is on `id + 0`: by the plain id Postgres would take the order from the primary key,
-- and read all that was published.
create or replace function advance_outbox(
  published bigint[], secret_topics text[], my_lanes integer[], held_topics text[], held_keys jsonb, most integer
) returns setof outbox language plpgsql as $$
begin
  if cardinality(published) > 0 then
    update outbox set published_at = clock_timestamp(),
        value = case when topic = any(secret_topics) then '' else value end,
        raw = case when topic = any(secret_topics) then null else raw end
      where id = any(published);
  end if;
  if cardinality(my_lanes) = 0 then
    return;
  end if;
  return query
    with recursive topics as (
      (select o.topic from outbox o where o.published_at is null order by o.topic limit 1)
      union all
      select (select o.topic from outbox o where o.published_at is null and o.topic > t.topic order by o.topic limit 1)
      from topics t where t.topic is not null)
    select due.* from topics t cross join lateral (
      select o.* from outbox o
      where o.topic = t.topic and o.published_at is null and o.available_at <= clock_timestamp()
        and o.lane = any(my_lanes)
        and (held_keys = '[]' or not held_keys @> jsonb_build_array(jsonb_build_object('topic', o.topic, 'key', o.key)))
      order by (o.id + 0) limit most) due
    where t.topic is not null and t.topic <> all(held_topics)
    order by due.id;
end $$;
