import type { Knex } from 'knex';
import type { DeadLetterFilter, DeadLetterState } from '../contracts/dead-letter-operations';
import type { DeadLetterCursor } from '../contracts/workflow-api';
import { KEY_BLOCKED_BY } from './blocked-keys';
import type { Db, DbOrTrx, Trx } from './connection';
import {
  BODY,
  type DeadLetterHead,
  type DeadLetterPosition,
  deadLettersWithDecisions,
  HEAD,
  type IndexedDeadLetter,
} from './dead-letter-index';

export type { DeadLetterPosition } from './dead-letter-index';

export interface DeadLetterDecision {
  readonly decisionId: string;
  readonly action: 'REPLAY' | 'DISCARD';
  readonly actor: string;
  readonly reason: string;
  readonly isEdited: boolean;
  readonly isOverride: boolean;
  readonly bulkId: string | null;
  readonly at: Date;
  readonly outcome: 'processed' | 'duplicate' | 'dead' | null;
  readonly workflowId: string | null;
}

/** What was decided about a dead letter, and how the story went on. */
interface Standing {
  readonly state: DeadLetterState;
  readonly decision: DeadLetterDecision | undefined;
  /** Later records of its key that wait until it is decided, or until its replay is worked on. */
  readonly waitingBehind: number;
}

/** A dead letter in a list. */
export interface ListedDeadLetter extends DeadLetterHead, Standing {}

/** A dead letter whole. */
export interface StoredDeadLetter extends IndexedDeadLetter, Standing {}

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

/** These columns of a dead letter, and how it stands. */
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
type Selected<L extends Standing> = Omit<L, 'decision'> & {
  readonly decision: (Omit<DeadLetterDecision, 'at'> & { readonly at: string }) | null;
};

const standing = ({ decision }: Selected<Standing>) => ({
  decision: decision ? { ...decision, at: new Date(decision.at) } : undefined,
});

/** Dead letters with their decisions, as the filter means them. */
function deadLettersMeant(db: DbOrTrx, filter: DeadLetterFilter, maxReplays: number) {
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
  const rows = (await deadLettersMeant(db, filter, page.maxReplays)
    .select(...selected(db, HEAD, page.maxReplays))
    .orderBy([
      { column: 'l.dead_at', order: 'desc' },
      { column: 'l.topic' },
      { column: 'l.partition' },
      { column: 'l.record_offset', order: 'desc' },
    ])
    .offset(page.skip)
    .limit(page.limit)) as Selected<ListedDeadLetter>[];
  return rows.map((row) => ({ ...row, ...standing(row) }));
}

/** The next dead letters that wait, oldest first, as the filter means them, after the cursor. */
export async function waitingDeadLetters(
  db: Db,
  filter: DeadLetterFilter,
  next: { readonly after: DeadLetterCursor | undefined; readonly limit: number; readonly maxReplays: number },
): Promise<DeadLetterCursor[]> {
  const { after, limit, maxReplays } = next;
  const query = deadLettersMeant(db, { ...filter, state: 'WAITING' }, maxReplays)
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

/** How many dead letters the filter means that wait. */
export async function countWaitingDeadLetters(db: Db, filter: DeadLetterFilter, maxReplays: number): Promise<number> {
  const row = (await deadLettersMeant(db, { ...filter, state: 'WAITING' }, maxReplays)
    .count({ count: '*' })
    .first()) as { count: number } | undefined;
  return Number(row?.count ?? 0);
}

/** How many dead letters a replay of many has sent back. */
export async function countBulkDecisions(db: Db, bulkId: string): Promise<number> {
  const row = (await db('dead_letter_decisions').where({ bulk_id: bulkId }).count({ count: '*' }).first()) as
    | { count: number }
    | undefined;
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

/** How many of each cause stand how, the most first. */
export async function groupDeadLetters(
  db: Db,
  filter: DeadLetterFilter,
  maxReplays: number,
): Promise<StoredDeadLetterGroup[]> {
  return (await db
    .from(
      deadLettersMeant(db, filter, maxReplays)
        .select('l.origin_topic as topic', 'l.code', 'l.dead_at', db.raw(`${STATE} as state`, [maxReplays]))
        .as('meant'),
    )
    .groupBy('topic', 'code', 'state')
    .select('topic', 'code', 'state')
    .count({ count: '*' })
    .min({ oldestAt: 'dead_at' })
    .max({ newestAt: 'dead_at' })
    .orderBy('count', 'desc')) as unknown as StoredDeadLetterGroup[];
}

/** Has others who would decide about this dead letter wait for the end of the transaction. */
export async function lockDeadLetter(trx: Trx, { topic, partition, offset }: DeadLetterPosition): Promise<void> {
  await trx('dead_letters').where({ topic, partition, record_offset: offset }).forUpdate().first('topic');
}

/** A dead letter by its place; undefined: none is indexed there. */
export async function findDeadLetter(
  db: DbOrTrx,
  { topic, partition, offset }: DeadLetterPosition,
  maxReplays: number,
): Promise<StoredDeadLetter | undefined> {
  const row = (await deadLettersMeant(db, {}, maxReplays)
    .where({ 'l.topic': topic, 'l.partition': partition, 'l.record_offset': offset })
    .first(...selected(db, { ...HEAD, ...BODY }, maxReplays))) as Selected<StoredDeadLetter> | undefined;
  return row && { ...row, ...standing(row) };
}

const positionColumns = (db: DbOrTrx) => ['topic', 'partition', db.raw('record_offset::text as "offset"')];

/** The dead letter as which a replay died again; undefined: it has not. */
export async function deadLetterOfReplay(db: DbOrTrx, decisionId: string): Promise<DeadLetterPosition | undefined> {
  return (await db('dead_letters')
    .where({ decision_id: decisionId })
    .first(...positionColumns(db))) as DeadLetterPosition | undefined;
}

interface TakenDecision extends DeadLetterPosition, Pick<DeadLetterDecision, 'action'> {
  /** What was sent instead of the value; null: the value itself. */
  readonly editedValue: Buffer | null;
}

/** What a decision was, and about which dead letter. */
export async function findDeadLetterDecision(db: DbOrTrx, decisionId: string): Promise<TakenDecision | undefined> {
  return (await db('dead_letter_decisions')
    .where({ decision_id: decisionId })
    .first('action', { editedValue: 'edited_value' }, ...positionColumns(db))) as TakenDecision | undefined;
}

/** Writes a decision down, one a dead letter and one a decisionId; false: there is one already. */
export async function insertDeadLetterDecision(
  trx: Trx,
  decision: TakenDecision &
    Pick<DeadLetterHead, 'deadAt'> &
    Omit<DeadLetterDecision, 'at' | 'isEdited' | 'outcome' | 'workflowId'>,
): Promise<boolean> {
  const rows = await trx('dead_letter_decisions')
    .insert({
      decision_id: decision.decisionId,
      topic: decision.topic,
      partition: decision.partition,
      record_offset: decision.offset,
      dead_at: decision.deadAt,
      action: decision.action,
      actor: decision.actor,
      reason: decision.reason,
      edited_value: decision.editedValue,
      is_override: decision.isOverride,
      bulk_id: decision.bulkId,
    })
    .onConflict()
    .ignore()
    .returning('decision_id');
  return rows.length > 0;
}

/** What a replayed record came to; the first time counts, as a redelivery comes to a duplicate. */
export async function noteReplayOutcome(
  db: Db,
  decisionId: string,
  outcome: 'processed' | 'duplicate' | 'dead',
  workflowId: string | undefined,
): Promise<void> {
  await db('dead_letter_decisions')
    .where({ decision_id: decisionId })
    .whereNull('outcome')
    .update({ outcome, outcome_at: db.fn.now(), workflow_id: workflowId ?? null });
}
