import type { Knex } from 'knex';
import type { Db } from './connection';
import * as orders from './migrations/001-orders';
import * as requestPayment from './migrations/002-request-payment';
import * as coupons from './migrations/003-coupons';
import * as deadLetterDesk from './migrations/004-dead-letter-desk';
import * as blockedKeys from './migrations/005-key-lines';
import * as exceptionHeaders from './migrations/006-exception-headers';
import * as decisionsOfDeadLetters from './migrations/007-decisions-of-letters';
import * as operatorItems from './migrations/008-operator-items';
import * as liveRelays from './migrations/009-live-relays';
import * as originalRecords from './migrations/010-original-records';
import * as lostRecords from './migrations/011-lost-records';
import * as listedCauses from './migrations/013-listed-causes';
import * as erasedSecrets from './migrations/015-erased-secrets';
import * as retention from './migrations/016-retention';
import * as fencing from './migrations/017-fencing';
import * as lateWriters from './migrations/018-late-writers';
import * as idempotencyClaims from './migrations/019-idempotency-claims';

const MIGRATIONS: Readonly<Record<string, Knex.Migration>> = {
  '001-orders': orders,
  '002-request-payment': requestPayment,
  '003-coupons': coupons,
  '004-dead-letter-desk': deadLetterDesk,
  '005-key-lines': blockedKeys,
  '006-exception-headers': exceptionHeaders,
  '007-decisions-of-letters': decisionsOfDeadLetters,
  '008-operator-items': operatorItems,
  '009-live-relays': liveRelays,
  '010-original-records': originalRecords,
  '011-lost-records': lostRecords,
  '013-listed-causes': listedCauses,
  '015-erased-secrets': erasedSecrets,
  '016-retention': retention,
  '017-fencing': fencing,
  '018-late-writers': lateWriters,
  '019-idempotency-claims': idempotencyClaims,
};

const source: Knex.MigrationSource<string> = {
  getMigrations: () => Promise.resolve(Object.keys(MIGRATIONS)),
  getMigrationName: (name) => name,
  getMigration: (name) => Promise.resolve(MIGRATIONS[name] as Knex.Migration),
};

/** Brings the schema to this code's version; returns the names of what was applied, throws when it is newer. */
export async function migrateSchema(db: Db): Promise<string[]> {
  const unknown = unknownOf(await appliedTo(db));
  if (unknown.length > 0) throw new Error(newerThanThisCode(unknown));
  const [, applied] = (await db.migrate.latest({ migrationSource: source })) as [number, string[]];
  return applied;
}

/** What keeps this code from running on that database; undefined: nothing. */
export async function schemaMismatch(db: Db): Promise<string | undefined> {
  const applied = await appliedTo(db);
  const missing = Object.keys(MIGRATIONS).filter((name) => !applied.includes(name));
  const unknown = unknownOf(applied);
  if (missing.length > 0) return `the database lacks ${missing.join(', ')}: run \`npm run migrate\``;
  return unknown.length > 0 ? newerThanThisCode(unknown) : undefined;
}

async function appliedTo(db: Db): Promise<string[]> {
  const exists = await db.schema.hasTable('knex_migrations');
  return exists ? db('knex_migrations').orderBy('id').pluck<string[]>('name') : [];
}

const unknownOf = (applied: readonly string[]) => applied.filter((name) => !(name in MIGRATIONS));

const newerThanThisCode = (unknown: readonly string[]) =>
  `the database is newer than this code (${unknown.join(', ')}): deploy a newer version, or use another database`;
