-- What of an order, besides its stock, is to be undone still, and whether it is of an attempt that was settled.
create or replace function steps_left(the_order orders) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'left', coalesce(jsonb_agg(jsonb_build_object('step', s.step, 'attempt', s.attempt) order by s.attempt), '[]'),
    'isSettled', exists (select from processing_requests r where r.order_id = the_order.id and r.state = 'DONE'))
  from saga_steps s
  where s.order_id = the_order.id and s.step <> 'stock' and s.state in ('UNKNOWN', 'DONE', 'UNDOING', 'UNDO_FAILED')
$$;
