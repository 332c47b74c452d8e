-- How a step of an order has ended, in the order's timeline.
create or replace function record_step(
  the_order bigint, step text, attempt integer, state text, code text default null
) returns void language sql as $$
  select add_to_timeline(the_order, 'step',
    jsonb_strip_nulls(jsonb_build_object('step', step, 'attempt', attempt, 'state', state, 'code', code)))
$$;
