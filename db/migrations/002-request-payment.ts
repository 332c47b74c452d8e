import type { Knex } from 'knex';

/**
 * A customer's request to pay in one call. A function, because each of its statements sees what was committed before
 * it: what is looked at after the order's lock was waited for is not of the time before.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function request_payment(
      wanted_order bigint, wanted_user text, payable_in text[], refused_in text[],
      request jsonb, processing_topic text, trace_headers jsonb, requested_at timestamptz, told jsonb
    ) returns table (status text, saga_state text, is_saved boolean) language plpgsql as $$
    declare
      found_order record;
      event jsonb;
    begin
      select o.user_email, o.status, o.saga_state into found_order
        from orders o where o.id = wanted_order and o.user_id = wanted_user for update;
      if not found then
        return;
      end if;
      is_saved := found_order.status = any (payable_in) and found_order.saga_state <> all (refused_in)
        and not exists (
          select from processing_requests r
          where r.order_id = wanted_order and (r.state = 'RUNNING' or (r.state = 'PENDING' and r.retry_count = 0)));
      if is_saved then
        event := request || jsonb_build_object('userEmail', found_order.user_email);
        update processing_requests r set state = 'REPLACED', updated_at = now()
          where r.order_id = wanted_order and r.state = 'PENDING' and r.retry_count > 0;
        insert into processing_requests (order_id, event_id, retry_count, source, event)
          values (wanted_order, event ->> 'eventId', (event ->> 'retryCount')::int, 'api', event);
        insert into outbox (topic, key, value, headers)
          values (processing_topic, wanted_order::text, event::text, trace_headers);
        insert into timeline (order_id, at, type, data) values (wanted_order, requested_at, 'request', told);
      end if;
      status := found_order.status;
      saga_state := found_order.saga_state;
      return next;
    end $$;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop function request_payment');
}
