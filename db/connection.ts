import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
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
  /** How long a connection of the pool is waited for; 10 s by default. */
  readonly acquireTimeoutMs?: number;
  /** Statements may take hours, as a change of the schema of large tables does. */
  readonly isUnhurried?: boolean;
}

const INT8 = 20;
pg.types.setTypeParser(INT8, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} does not fit a JavaScript number`);
  return value;
});

/** By then the server has given the statement up itself: what does not respond at all is lost, as when its host is. */
const SILENT_AFTER_MS = 20_000;

/**
 * Opens a pool; sessions speak UTC and give up a statement after 15 s, so that no lock is held for ever. A connection
 * whose server is silent is closed, also where nobody resets it.
 */
export function openDatabase(options: DatabaseOptions): Db {
  return knex({
    client: 'pg',
    connection: {
      connectionString: options.url,
      application_name: options.applicationName ?? 'ordersaga',
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      options: `-c timezone=UTC -c statement_timeout=${options.isUnhurried ? 0 : 15_000} -c idle_in_transaction_session_timeout=30000`,
      ...(options.caFile ? { ssl: { ca: readFileSync(options.caFile, 'utf8'), rejectUnauthorized: true } } : {}),
    },
    pool: {
      min: 0,
      max: options.poolMax,
      afterCreate(connection: pg.Client, done: (error: Error | null, connection: pg.Client) => void) {
        if (!options.isUnhurried) closeWhenSilent(connection);
        done(null, connection);
      },
    },
    acquireConnectionTimeout: options.acquireTimeoutMs ?? 10_000,
    // Its errors name the statement, and not what was bound to it.
    compileSqlOnError: false,
    // Whoever asked gets the error; knex would print it to the console as well.
    log: { warn: ignore, error: ignore, deprecate: ignore, debug: ignore },
  });
}

type Callback = (...results: unknown[]) => void;

/** Ends a connection that leaves a statement unanswered: TCP itself may take a quarter of an hour to notice. */
function closeWhenSilent(connection: pg.Client): void {
  const { stream } = (connection as unknown as { readonly connection: { readonly stream: Socket } }).connection;
  const query = connection.query.bind(connection) as (...args: unknown[]) => unknown;
  const watched = (...args: unknown[]): unknown => {
    const callback = args.at(-1);
    // The query builder always hands one over; what does not is not its statement.
    if (typeof callback !== 'function') return query(...args);
    const timer = setTimeout(() => stream.destroy(new SilentDatabaseError()), SILENT_AFTER_MS);
    const settle: Callback = (...results) => {
      clearTimeout(timer);
      (callback as Callback)(...results);
    };
    return query(...args.slice(0, -1), settle);
  };
  connection.query = watched as typeof connection.query;
}

/** The database neither responded nor closed the connection. */
class SilentDatabaseError extends Error {
  override readonly name = 'SilentDatabaseError';
  readonly code = 'ETIMEDOUT';
  constructor() {
    super(`no response within ${SILENT_AFTER_MS} ms`);
  }
}

function ignore(): void {}
