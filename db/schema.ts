import { readdirSync } from 'node:fs';
import { join, parse } from 'node:path';
import type { Knex } from 'knex';
import type { Db } from './connection';
import { FUNCTIONS_VERSION, installedVersion, installFunctions, missingFunctions } from './functions';

/** In the order of their files' names. */
const MIGRATIONS = readdirSync(join(__dirname, 'migrations'))
  .map((file) => parse(file).name)
  .sort();

const source: Knex.MigrationSource<string> = {
  getMigrations: () => Promise.resolve([...MIGRATIONS]),
  getMigrationName: (name) => name,
  getMigration: (name) => Promise.resolve(require(join(__dirname, 'migrations', name)) as Knex.Migration),
};

/** Brings the schema and the database's functions to this code's version; returns the names of what was applied, throws when it is newer. */
export async function migrateSchema(db: Db): Promise<string[]> {
  const unknown = unknownOf(await appliedTo(db));
  if (unknown.length > 0) throw new Error(newerThanThisCode(unknown));
  const [, applied] = (await db.migrate.latest({ migrationSource: source })) as [number, string[]];
  const newer = await newerFunctions(db);
  if (newer) throw new Error(newer);
  return [...applied, ...(await installFunctions(db))];
}

/** What keeps this code from running on that database; undefined: nothing. */
export async function schemaMismatch(db: Db): Promise<string | undefined> {
  const applied = await appliedTo(db);
  const unapplied = MIGRATIONS.filter((name) => !applied.includes(name));
  if (unapplied.length > 0) return lacks(unapplied);
  const unknown = unknownOf(applied);
  if (unknown.length > 0) return newerThanThisCode(unknown);
  const missing = await missingFunctions(db);
  return missing.length > 0 ? ((await newerFunctions(db)) ?? lacks(missing)) : undefined;
}

async function newerFunctions(db: Db): Promise<string | undefined> {
  const version = await installedVersion(db);
  return version > FUNCTIONS_VERSION ? newerThanThisCode([`functions of version ${version}`]) : undefined;
}

async function appliedTo(db: Db): Promise<string[]> {
  const exists = await db.schema.hasTable('knex_migrations');
  return exists ? db('knex_migrations').orderBy('id').pluck<string[]>('name') : [];
}

const unknownOf = (applied: readonly string[]) => applied.filter((name) => !MIGRATIONS.includes(name));

const lacks = (missing: readonly string[]) => `the database lacks ${missing.join(', ')}: run \`npm run migrate\``;

const newerThanThisCode = (unknown: readonly string[]) =>
  `the database is newer than this code (${unknown.join(', ')}): deploy a newer version, or use another database`;
