import type { Db } from '../../db/connection';
import { until } from './until';

/** Holds rows so that whoever wants to write them waits; the returned function lets go. */
export async function holdRows(
  db: Db,
  table: string,
  where: Readonly<Record<string, readonly unknown[]>>,
): Promise<() => Promise<void>> {
  const trx = await db.transaction();
  const query = trx(table).select(trx.raw('1')).forUpdate();
  for (const [column, values] of Object.entries(where)) query.whereIn(column, values as string[]);
  await query;
  return async () => {
    await trx.rollback();
  };
}

/** Waits until connections of this role wait for held rows. */
export async function untilWaiting(db: Db, role: string, atLeast = 1): Promise<void> {
  await until(
    `the ${role} to wait for ${atLeast} locks`,
    () => waiting(db, role),
    (pids) => pids.length >= atLeast,
  );
}

/** Ends what a killed role's connections still wait for: a server notices a dead client only when it answers. */
export async function endWaiting(db: Db, role: string): Promise<void> {
  for (const pid of await waiting(db, role)) await db.raw('select pg_terminate_backend(?)', [pid]);
}

const waiting = (db: Db, role: string): Promise<number[]> =>
  db('pg_stat_activity')
    .where({ application_name: `ordersaga ${role}`, wait_event_type: 'Lock' })
    .pluck('pid');
