import type { Knex } from 'knex';

/**
 * A card's token is kept for as long as its attempt may still need it, and no longer: the table itself erases it, and the
 * bytes of the record that it came by, whichever way the request ends.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function erase_secrets() returns trigger language plpgsql as $$
    begin
      new.event := new.event #- '{requestDto,paymentRequest,token}';
      new.record_bytes := null;
      return new;
    end $$;
    create trigger ended_requests_hold_no_secrets before update of state on processing_requests
      for each row when (new.state not in ('PENDING', 'RUNNING')) execute function erase_secrets();
    update processing_requests set state = state where state not in ('PENDING', 'RUNNING');
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop trigger ended_requests_hold_no_secrets on processing_requests;
    drop function erase_secrets;
  `);
}
