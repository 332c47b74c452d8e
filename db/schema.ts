import type { Knex } from 'knex';
import type { Db } from './connection';
import * as orders from './migrations/001-orders';
import * as requestPayment from './migrations/002-request-payment';

const MIGRATIONS: Readonly<Record<string, Knex.Migration>> = {
  '001-orders': orders,
  '002-request-payment': requestPayment,
};

const source: Knex.MigrationSource<string> = {
  getMigrations: () => Promise.resolve(Object.keys(MIGRATIONS)),
  getMigrationName: (name) => name,
  getMigration: (name) => Promise.resolve(MIGRATIONS[name] as Knex.Migration),
};

/** Brings the schema to this code's version; returns the names of what was applied. */
export async function migrateSchema(db: Db): Promise<string[]> {
  const [, applied] = (await db.migrate.latest({ migrationSource: source })) as [number, string[]];
  return applied;
}

/** What keeps this code from running on that database; undefined: nothing. */
export async function schemaMismatch(db: Db): Promise<string | undefined> {
  const expected = Object.keys(MIGRATIONS);
  const exists = await db.schema.hasTable('knex_migrations');
  const applied = exists ? await db('knex_migrations').orderBy('id').pluck<string[]>('name') : [];
  const missing = expected.filter((name) => !applied.includes(name));
  const unknown = applied.filter((name) => !expected.includes(name));
  if (missing.length > 0) return `the database lacks ${missing.join(', ')}: run \`npm run migrate\``;
  if (unknown.length > 0) return `the database is newer than this code (${unknown.join(', ')}): deploy a newer version`;
  return undefined;
}
