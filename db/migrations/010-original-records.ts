import type { Knex } from 'knex';

/**
 * A dead letter is its record, byte for byte, also of a request that was worked on for a while: so its bytes are kept as
 * long as it is.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- {"key": Base64 or null, "value": Base64, "headers": name -> values in Base64}.
    alter table processing_requests add column record_bytes jsonb
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table processing_requests drop column record_bytes
  `);
}
