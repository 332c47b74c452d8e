import { readFileSync } from 'node:fs';
import knex, { type Knex } from 'knex';
import pg from 'pg';

export type Db = Knex;
/** What a repository function works on: the pool, or a transaction that makes it part of something larger. */
export type DbOrTrx = Knex | Knex.Transaction;
export type Trx = Knex.Transaction;

export interface DatabaseOptions {
  readonly url: string;
  readonly poolMax: number;
  /** Path of a CA certificate in PEM; present: TLS with verification. */
  readonly caFile?: string | undefined;
  readonly applicationName?: string;
}

const INT8 = 20;
pg.types.setTypeParser(INT8, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} does not fit a JavaScript number`);
  return value;
});

/** Opens a pool; sessions speak UTC and give up a statement after 15 s, so that no lock is held for ever. */
export function openDatabase(options: DatabaseOptions): Db {
  return knex({
    client: 'pg',
    connection: {
      connectionString: options.url,
      application_name: options.applicationName ?? 'ordersaga',
      options: '-c timezone=UTC -c statement_timeout=15000 -c idle_in_transaction_session_timeout=30000',
      ...(options.caFile ? { ssl: { ca: readFileSync(options.caFile, 'utf8'), rejectUnauthorized: true } } : {}),
    },
    pool: { min: 0, max: options.poolMax },
    acquireConnectionTimeout: 10_000,
    // Whoever asked gets the error; knex would print it to the console as well.
    log: { warn: ignore, error: ignore, deprecate: ignore, debug: ignore },
  });
}

function ignore(): void {}
