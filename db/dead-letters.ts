import type { Knex } from 'knex';
import type { DeadLetterFilter, DeadLetterState } from '../contracts/dead-letter-operations';
import type { DeadLetterCursor } from '../contracts/record';
import { KEY_BLOCKED_BY } from './blocked-keys';
import type { Db, DbOrTrx } from './connection';
import type { DeadLetterDecision } from './dead-letter-decisions';
import {
  BODY,
  type DeadLetterHead,
  type DeadLetterPosition,
  deadLettersWithDecisions,
  HEAD,
  type IndexedDeadLetter,
} from './dead-letter-index';

/** Whether a dead letter is decided, and what happened then. */
interface Decided {
  readonly state: DeadLetterState;
  readonly decision: DeadLetterDecision | undefined;
  /** Later records of its key that wait until it is decided, or until its replay is processed. */
  readonly waitingBehind: number;
}

/** A dead letter in a list. */
export interface ListedDeadLetter extends DeadLetterHead, Decided {}

/** A dead letter whole. */
export interface StoredDeadLetter extends IndexedDeadLetter, Decided {}

const STATE = `case when d.action = 'REPLAY' then 'REPLAYED' when d.action = 'DISCARD' then 'DISCARDED'
  when l.replay_count >= ? then 'PARKED' else 'WAITING' end`;

/** The same as conditions of which the planner knows how many rows they leave. */
const IS_IN: Readonly<Record<DeadLetterState, (maxReplays: number) => (query: Knex.QueryBuilder) => void>> = {
  REPLAYED: () => (query) => query.where('d.action', 'REPLAY'),
  DISCARDED: () => (query) => query.where('d.action', 'DISCARD'),
  PARKED: (most) => (query) => query.whereNull('d.topic').where('l.replay_count', '>=', most),
  WAITING: (most) => (query) => query.whereNull('d.topic').where('l.replay_count', '<', most),
};

const WAITING_BEHIND = `(select count(*)::int from blocked_keys b
    join waiting_records w on w.topic = b.topic and w.key_hash = b.key_hash where ${KEY_BLOCKED_BY})`;

const DECISION = `'decisionId', d.decision_id, 'action', d.action, 'actor', d.actor, 'reason', d.reason,
  'isEdited', d.edited_value is not null, 'isOverride', d.is_override, 'bulkId', d.bulk_id, 'at', d.at,
  'outcome', d.outcome, 'workflowId', d.workflow_id`;

/** These columns of a dead letter, with its state and decision. */
const selected = (db: DbOrTrx, columns: Readonly<Record<string, string>>, maxReplays: number) => [
  Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, `l.${column}`])),
  db.raw(
    `l.record_offset::text as "offset", l.origin_offset::text as "originOffset", ${STATE} as state,
    ${WAITING_BEHIND} as "waitingBehind",
    case when d.decision_id is not null then json_build_object(${DECISION}) end as decision`,
    [maxReplays],
  ),
];

/** JSON has no dates. */
type Selected<L extends Decided> = Omit<L, 'decision'> & {
  readonly decision: (Omit<DeadLetterDecision, 'at'> & { readonly at: string }) | null;
};

const dated = ({ decision }: Selected<Decided>) => ({
  decision: decision ? { ...decision, at: new Date(decision.at) } : undefined,
});

/** The dead letters of a filter, with their decisions. */
function deadLettersOf(db: DbOrTrx, filter: DeadLetterFilter, maxReplays: number) {
  const query = deadLettersWithDecisions(db);
  if (filter.topic !== undefined) query.where('l.origin_topic', filter.topic);
  if (filter.code !== undefined) query.where('l.code', filter.code);
  // As the index has it: a key may be longer than an index takes.
  if (filter.key !== undefined) query.whereRaw('sha256(l.key) = sha256(?)', [Buffer.from(filter.key)]);
  if (filter.deadBefore !== undefined) query.where('l.dead_at', '<', new Date(filter.deadBefore));
  if (filter.deadAfter !== undefined) query.where('l.dead_at', '>=', new Date(filter.deadAfter));
  if (filter.state !== undefined) query.where(IS_IN[filter.state](maxReplays));
  return query;
}

/** Newest first, after so many that are skipped. */
export async function listDeadLetters(
  db: Db,
  filter: DeadLetterFilter,
  page: { readonly limit: number; readonly skip: number; readonly maxReplays: number },
): Promise<ListedDeadLetter[]> {
  const rows = (await deadLettersOf(db, filter, page.maxReplays)
    .select(...selected(db, HEAD, page.maxReplays))
    .orderBy([
      { column: 'l.dead_at', order: 'desc' },
      { column: 'l.topic' },
      { column: 'l.partition' },
      { column: 'l.record_offset', order: 'desc' },
    ])
    .offset(page.skip)
    .limit(page.limit)) as Selected<ListedDeadLetter>[];
  return rows.map((row) => ({ ...row, ...dated(row) }));
}

/** The next waiting dead letters of a filter after the cursor, oldest first. */
export async function waitingDeadLetters(
  db: Db,
  filter: DeadLetterFilter,
  next: { readonly after: DeadLetterCursor | undefined; readonly limit: number; readonly maxReplays: number },
): Promise<DeadLetterCursor[]> {
  const { after, limit, maxReplays } = next;
  const query = deadLettersOf(db, { ...filter, state: 'WAITING' }, maxReplays)
    .select(
      'l.topic',
      'l.partition',
      db.raw('l.record_offset::text as "offset"'),
      db.raw(`to_char(l.dead_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "deadAt"`),
    )
    .orderBy(['l.dead_at', 'l.topic', 'l.partition', 'l.record_offset'])
    .limit(limit);
  if (after)
    query.whereRaw('(l.dead_at, l.topic, l.partition, l.record_offset) > (?::timestamptz, ?, ?, ?::bigint)', [
      after.deadAt,
      after.topic,
      after.partition,
      after.offset,
    ]);
  return (await query) as DeadLetterCursor[];
}

/** How many dead letters of a filter wait. */
export async function countWaitingDeadLetters(db: Db, filter: DeadLetterFilter, maxReplays: number): Promise<number> {
  const row = (await deadLettersOf(db, { ...filter, state: 'WAITING' }, maxReplays)
    .count({ count: '*' })
    .first()) as { count: number } | undefined;
  return Number(row?.count ?? 0);
}

export interface StoredDeadLetterGroup {
  readonly topic: string;
  readonly code: string | null;
  readonly state: DeadLetterState;
  readonly count: number;
  readonly oldestAt: Date;
  readonly newestAt: Date;
}

/** How many of each cause are in each state, the most first. */
export async function groupDeadLetters(
  db: Db,
  filter: DeadLetterFilter,
  maxReplays: number,
): Promise<StoredDeadLetterGroup[]> {
  return (await db
    .from(
      deadLettersOf(db, filter, maxReplays)
        .select('l.origin_topic as topic', 'l.code', 'l.dead_at', db.raw(`${STATE} as state`, [maxReplays]))
        .as('filtered'),
    )
    .groupBy('topic', 'code', 'state')
    .select('topic', 'code', 'state')
    .count({ count: '*' })
    .min({ oldestAt: 'dead_at' })
    .max({ newestAt: 'dead_at' })
    .orderBy('count', 'desc')) as unknown as StoredDeadLetterGroup[];
}

/** A dead letter by its position; undefined: none is indexed there. */
export async function findDeadLetter(
  db: DbOrTrx,
  { topic, partition, offset }: DeadLetterPosition,
  maxReplays: number,
): Promise<StoredDeadLetter | undefined> {
  const row = (await deadLettersOf(db, {}, maxReplays)
    .where({ 'l.topic': topic, 'l.partition': partition, 'l.record_offset': offset })
    .first(...selected(db, { ...HEAD, ...BODY }, maxReplays))) as Selected<StoredDeadLetter> | undefined;
  return row && { ...row, ...dated(row) };
}
