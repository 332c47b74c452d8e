import type { Knex } from 'knex';

/**
 * A request whose effect is outside the database is known before it has a response: by whom it is being worked on, and the
 * id under which its effect is made, which every later attempt uses again.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    delete from idempotency_keys where status_code = 102;
    alter table idempotency_keys
      alter column status_code drop not null,
      alter column body drop not null,
      add column request_id text,
      add column claim_id uuid,
      add column claimed_at timestamptz,
      add constraint idempotency_keys_response check ((status_code is null) = (body is null)),
      add constraint idempotency_keys_claim check ((claim_id is null) = (claimed_at is null)),
      add constraint idempotency_keys_claim_or_response check (claim_id is null or status_code is null);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    delete from idempotency_keys where status_code is null;
    alter table idempotency_keys
      drop column request_id, drop column claim_id, drop column claimed_at,
      drop constraint idempotency_keys_response,
      alter column status_code set not null,
      alter column body set not null;
  `);
}
