import type { Db, Trx } from '../../db/connection';
import { until } from './until';

/** What a role's connection can be made to wait for. */
type Held = 'rows' | 'table';

/** Holds rows so that writers wait, and readers do not; the returned function releases them. */
export function holdRows(db: Db, table: string, column: string, values: readonly (string | number)[]) {
  return hold(db, (trx) =>
    trx(table)
      .select(trx.raw('1'))
      .whereIn(column, values as string[])
      .forUpdate(),
  );
}

/** Holds a table so that readers wait, too; the returned function releases it. */
export function holdTable(db: Db, table: string) {
  return hold(db, (trx) => trx.raw('lock table ?? in access exclusive mode', [table]));
}

/** The configuration of the shared topics is changed by one test at a time; the returned function releases it for the next one. */
export function holdTopicConfigs(db: Db) {
  return hold(db, (trx) => trx.raw(`select pg_advisory_xact_lock(hashtext('topic configs'))`));
}

async function hold(db: Db, lock: (trx: Trx) => PromiseLike<unknown>): Promise<() => Promise<unknown>> {
  const trx = await db.transaction();
  try {
    // A role that has read a table and waits for rows of ours releases both when its own statement times out.
    await trx.raw(`set local statement_timeout = '60s'`);
    // It holds, idle, for as long as the test needs.
    await trx.raw('set local idle_in_transaction_session_timeout = 0');
    await lock(trx);
  } catch (error) {
    await trx.rollback();
    throw error;
  }
  return () => trx.rollback() as Promise<unknown>;
}

/** Waits until so many connections of a role wait for what is held. */
export async function untilWaiting(db: Db, role: string, held: Held, atLeast = 1): Promise<void> {
  await until(
    `the ${role} to wait for ${atLeast} ${held}`,
    () => waiting(db, role, held),
    (pids) => pids.length >= atLeast,
    60_000,
  );
}

/** Ends what a killed role's connections still wait for: a server notices a dead client only when it answers. */
export async function endWaiting(db: Db, role: string): Promise<void> {
  for (const held of ['rows', 'table'] as const)
    for (const pid of await waiting(db, role, held)) await db.raw('select pg_terminate_backend(?, 5000)', [pid]);
}

const waiting = (db: Db, role: string, held: Held): Promise<number[]> =>
  db('pg_stat_activity')
    .where({ application_name: `ordersaga ${role}`, wait_event_type: 'Lock' })
    .whereIn('wait_event', held === 'table' ? ['relation'] : ['transactionid', 'tuple', 'advisory'])
    .pluck('pid');
