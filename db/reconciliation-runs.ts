import type { Db, DbOrTrx } from './connection';
import type { ItemEvidence } from './operator-items';

export type ReconciliationScope = 'FULL' | 'INCREMENTAL';
export type ReconciliationState = 'RUNNING' | 'DONE' | 'FAILED' | 'CANCELLED';
export type Counts = Readonly<Record<string, number>>;

/** What is asked of a run. */
export interface ReconciliationOrder {
  readonly id: string;
  readonly scope: ReconciliationScope;
  readonly since: Date | null;
  readonly isDryRun: boolean;
  readonly isFixing: boolean;
  readonly actor: string;
  readonly reason: string | null;
}

export interface ReconciliationRun extends ReconciliationOrder {
  readonly state: ReconciliationState;
  /** Entries of the timeline: those after the one, up to the other. */
  readonly timelineFrom: number;
  readonly timelineThrough: number;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  readonly examined: Counts;
  /** Providers whose list could not be read to its end, and why: what they have is compared as it was known before. */
  readonly unavailable: Readonly<Record<string, string>>;
  readonly found: Counts;
  readonly healed: Counts;
  readonly fixed: Counts;
  readonly refused: Readonly<Record<string, string>>;
  readonly preview: readonly PreviewedFinding[];
}

/** A finding as its item would be. */
export interface PreviewedFinding {
  readonly subject: string;
  readonly cause: string;
  readonly orderId: number | null;
  readonly step: string | null;
  readonly amountAtRiskMinor: number;
  readonly evidence: ItemEvidence;
  readonly offeredFix: string | null;
  /** ISO 8601. */
  readonly since: string | null;
}

const COLUMNS = {
  id: 'id',
  scope: 'scope',
  state: 'state',
  since: 'since',
  isDryRun: 'is_dry_run',
  isFixing: 'is_fixing',
  actor: 'actor',
  reason: 'reason',
  timelineFrom: 'timeline_from',
  timelineThrough: 'timeline_through',
  startedAt: 'started_at',
  finishedAt: 'finished_at',
  examined: 'examined',
  unavailable: 'unavailable',
  found: 'found',
  healed: 'healed',
  fixed: 'fixed',
  refused: 'refused',
  preview: 'preview',
} as const;

/**
 * Records the beginning of a run, once; what an earlier one has left open was cut short, as only one runs at a time. An
 * incremental run for which there is nothing to begin with is a full one.
 */
export async function beginRun(
  db: Db,
  order: ReconciliationOrder,
  { overlapMs }: { readonly overlapMs: number },
): Promise<ReconciliationRun> {
  return db.transaction(async (trx) => {
    await trx('reconciliation_runs')
      .where({ state: 'RUNNING' })
      .whereNot({ id: order.id })
      .update({ state: 'FAILED', finished_at: trx.raw('clock_timestamp()') });
    const from = order.scope === 'FULL' ? 0 : await timelineStart(trx, order.since, overlapMs);
    await trx('reconciliation_runs')
      .insert({
        id: order.id,
        scope: from === undefined ? 'FULL' : order.scope,
        since: order.since,
        is_dry_run: order.isDryRun,
        is_fixing: order.isFixing,
        actor: order.actor,
        reason: order.reason,
        timeline_from: from ?? 0,
        timeline_through: trx.raw('(select coalesce(max(id), 0) from timeline)'),
      })
      .onConflict('id')
      .ignore();
    return (await findRun(trx, order.id)) as ReconciliationRun;
  });
}

/**
 * The entry after which an incremental run begins: what there was when the last but one ended well and long enough ago, as an entry
 * may be committed after a later one. Undefined: there is no such run.
 */
async function timelineStart(db: DbOrTrx, since: Date | null, overlapMs: number): Promise<number | undefined> {
  if (since) return entryBefore(db, new Date(since.getTime() - overlapMs));
  const { rows } = await db.raw<{ rows: { through: number }[] }>(
    `select earlier.timeline_through as through
     from (select started_at from reconciliation_runs where state = 'DONE' and since is null and not is_dry_run
       order by started_at desc limit 1) newest
     cross join lateral (
       select timeline_through from reconciliation_runs
       where state = 'DONE' and since is null and not is_dry_run
         and started_at < newest.started_at - ? * interval '1 millisecond'
       order by started_at desc limit 1) earlier`,
    [overlapMs],
  );
  return rows[0]?.through;
}

/** The last entry of the timeline before that time, nearly: entries' times follow their ids but for what was retried. */
async function entryBefore(db: DbOrTrx, at: Date): Promise<number> {
  const ends = (await db('timeline').min({ first: 'id' }).max({ last: 'id' }).first()) as Record<
    'first' | 'last',
    number | null
  >;
  let low = (ends.first ?? 1) - 1;
  let high = ends.last ?? 0;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const entry = (await db('timeline').where('id', '>=', middle).orderBy('id').first('at')) as
      | { at: Date }
      | undefined;
    if (entry && entry.at < at) low = middle;
    else high = middle - 1;
  }
  return low;
}

export async function findRun(db: DbOrTrx, id: string): Promise<ReconciliationRun | undefined> {
  return (await db('reconciliation_runs').where({ id }).first(COLUMNS)) as ReconciliationRun | undefined;
}

/** The newest first. */
export async function listRuns(db: DbOrTrx, limit: number): Promise<ReconciliationRun[]> {
  return (await db('reconciliation_runs')
    .select(COLUMNS)
    .orderBy('started_at', 'desc')
    .limit(limit)) as ReconciliationRun[];
}

/** Keeps what a run has come to so far. */
export async function updateRun(
  db: DbOrTrx,
  id: string,
  progress: Partial<
    Pick<ReconciliationRun, 'examined' | 'unavailable' | 'found' | 'healed' | 'fixed' | 'refused' | 'preview'>
  >,
): Promise<void> {
  const columns = Object.entries(progress).map(([name, value]) => [name, JSON.stringify(value)]);
  if (columns.length > 0) await db('reconciliation_runs').where({ id }).update(Object.fromEntries(columns));
}

/** Ends a run that has not ended, and returns how it is then. */
export async function endRun(
  db: DbOrTrx,
  id: string,
  state: ReconciliationState,
): Promise<ReconciliationRun | undefined> {
  await db('reconciliation_runs')
    .where({ id, state: 'RUNNING' })
    .update({ state, finished_at: db.raw('clock_timestamp()') });
  return findRun(db, id);
}
