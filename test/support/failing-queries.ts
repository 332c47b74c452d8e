import { type Db, openDatabase } from '../../db/connection';

/** Ways in which a statement fails whose error carries what was bound to it: in its message, beside it, or both. */
export const FAILING = {
  'a value that does not fit': (db: Db, secret: string) => db.raw('select ?::int', [secret]),
  'a question mark that binds nothing': (db: Db, secret: string) =>
    db.raw(`select '{}'::jsonb \\? 'a', ?::int`, [secret]),
  'a rule of a table': (db: Db, secret: string) => db('products').insert({ sku: secret, name: 'Mug', price_minor: -1 }),
  'a statement that takes too long': (db: Db, secret: string) =>
    db.transaction(async (trx) => {
      await trx.raw('set local statement_timeout = 50');
      await trx.raw('select pg_sleep(30), ?::text', [secret]);
    }),
  'a pool that has no connection left': (db: Db, secret: string) =>
    db.transaction(async () => {
      await db.raw('select ?::text', [secret]);
    }),
} as const;
export type Failing = keyof typeof FAILING;

/** Runs one of them on a pool of a single connection; gives the error that it ends with. */
export async function failureOf(postgres: string, how: Failing, secret: string): Promise<unknown> {
  const db = openDatabase({ url: postgres, poolMax: 1, acquireTimeoutMs: 300, applicationName: 'test' });
  try {
    await FAILING[how](db, secret);
  } catch (error) {
    return error;
  } finally {
    await db.destroy();
  }
  throw new Error(`${how}: it did not fail`);
}
