import type { Knex } from 'knex';

/** A request to pay became a function of `db/functions`, which takes one object; this one of nine parameters goes. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('drop function request_payment(bigint, text, text[], text[], jsonb, text, jsonb, timestamptz, jsonb)');
}

export async function down(): Promise<void> {
  // Code that is older than this creates it in no way but by its own first migrations.
}
