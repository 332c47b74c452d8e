import type { Knex } from 'knex';

/** What another system wrote about the death of a dead letter: shown, and no part of the record. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table dead_letters add column exception_headers jsonb not null default '{}'
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table dead_letters drop column exception_headers');
}
