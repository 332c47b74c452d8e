import type { Knex } from 'knex';

/** Which text of each function in `db/functions` the database has: see `db/schema.ts`. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(
    'create table installed_functions (name text primary key, sha256 text not null, version integer not null)',
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table installed_functions');
}
