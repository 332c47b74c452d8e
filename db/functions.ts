import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, parse } from 'node:path';
import type { Db, DbOrTrx } from './connection';

/**
 * Raised by a release that changes a function: code that is older refuses the database from then on, instead of putting its own
 * functions back.
 */
export const FUNCTIONS_VERSION = 2;

/** A function of the database, as its file creates it. */
interface FunctionFile {
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

const FOLDER = join(__dirname, 'functions');
const FILES: readonly FunctionFile[] = readdirSync(FOLDER)
  .sort()
  .map((file) => {
    const sql = readFileSync(join(FOLDER, file), 'utf8');
    return { name: parse(file).name, sql, sha256: createHash('sha256').update(sql).digest('hex') };
  });

/** Creates or replaces the functions whose file has changed; returns their names. */
export async function installFunctions(db: Db): Promise<string[]> {
  return db.transaction(async (trx) => {
    // Two deployments at once would replace the same function, which Postgres refuses.
    await trx.raw(`select pg_advisory_xact_lock(hashtextextended('ordersaga functions', 0))`);
    const changed = await differing(trx);
    // They call each other, and a file's place is its name's.
    await trx.raw('set local check_function_bodies = off');
    for (const { name, sql, sha256 } of changed) {
      await trx.raw(sql.replaceAll('?', '\\?'));
      await trx('installed_functions').insert({ name, sha256, version: FUNCTIONS_VERSION }).onConflict('name').merge();
    }
    return changed.map(({ name }) => name);
  });
}

/** Functions that the database lacks, or has another text of. */
export async function missingFunctions(db: Db): Promise<string[]> {
  return (await differing(db)).map(({ name }) => name);
}

/** The version of the newest function that the database has; 0: it has none. */
export async function installedVersion(db: Db): Promise<number> {
  const newest = (await db('installed_functions').max({ version: 'version' }).first()) as { version: number | null };
  return newest.version ?? 0;
}

async function differing(db: DbOrTrx): Promise<readonly FunctionFile[]> {
  const installed = (await db('installed_functions').select('name', 'sha256')) as Pick<
    FunctionFile,
    'name' | 'sha256'
  >[];
  const known = new Map(installed.map(({ name, sha256 }) => [name, sha256]));
  return FILES.filter(({ name, sha256 }) => known.get(name) !== sha256);
}

/** Calls a function of `db/functions`: one statement, prepared once a connection; outside a transaction one transaction. */
export async function callFunction<Result>(db: DbOrTrx, name: string, input: object): Promise<Result> {
  const call = db.raw<{ rows: [{ result: Result }] }>(`select ${name}(?) as result`, [JSON.stringify(input)]);
  call.options({ name });
  return (await call).rows[0].result;
}
