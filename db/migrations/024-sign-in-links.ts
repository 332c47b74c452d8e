import type { Knex } from 'knex';

/** The sign-in links of development that were used: each works once. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('create table used_sign_in_links (id text primary key, expires_at timestamptz not null)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table used_sign_in_links');
}
