import type { Knex } from 'knex';

/**
 * A request that has ended holds no token, whichever statement ended it: neither in its event nor in the bytes of the
 * record that it came by. What its retry or its dead letter is made of is read before it ends.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function erase_request_secrets() returns trigger language plpgsql as $$
    begin
      new.event := new.event #- '{requestDto,paymentRequest,token}';
      new.record_bytes := null;
      return new;
    end $$;
    create trigger processing_requests_ended before insert or update on processing_requests
      for each row when (new.state not in ('PENDING', 'RUNNING')) execute function erase_request_secrets();

    -- What ended before.
    update processing_requests set state = state where state not in ('PENDING', 'RUNNING');
    update outbox set value = '', raw = null where published_at is not null;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop trigger processing_requests_ended on processing_requests;
    drop function erase_request_secrets;
  `);
}
