import type { Knex } from 'knex';
import type { LetterFilter, LetterState } from '../contracts/dead-letter-desk';
import type { LetterCursor } from '../contracts/workflow-api';
import type { Db, DbOrTrx, Trx } from './connection';
import { LINE_OF_LETTER } from './key-lines';
import {
  BODY,
  HEAD,
  type IndexedLetter,
  type LetterHead,
  type LetterPlace,
  lettersWithDecisions,
} from './letter-index';

export type { LetterPlace } from './letter-index';

export interface LetterDecision {
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

/** What was decided about a letter, and how the story went on. */
interface Standing {
  readonly state: LetterState;
  readonly decision: LetterDecision | undefined;
  /** Later records of its key that wait until it is decided, or until its replay is worked on. */
  readonly waitingBehind: number;
}

/** A letter in a list. */
export interface ListedLetter extends LetterHead, Standing {}

/** A letter whole. */
export interface Letter extends IndexedLetter, Standing {}

const STATE = `case when d.action = 'REPLAY' then 'REPLAYED' when d.action = 'DISCARD' then 'DISCARDED'
  when l.replay_count >= ? then 'PARKED' else 'WAITING' end`;

/** The same as conditions of which the planner knows how many rows they leave. */
const IS_IN: Readonly<Record<LetterState, (maxReplays: number) => (query: Knex.QueryBuilder) => void>> = {
  REPLAYED: () => (query) => query.where('d.action', 'REPLAY'),
  DISCARDED: () => (query) => query.where('d.action', 'DISCARD'),
  PARKED: (most) => (query) => query.whereNull('d.topic').where('l.replay_count', '>=', most),
  WAITING: (most) => (query) => query.whereNull('d.topic').where('l.replay_count', '<', most),
};

const WAITING_BEHIND = `(select count(*)::int from blocked_keys b
    join waiting_records w on w.topic = b.topic and w.key_hash = b.key_hash where ${LINE_OF_LETTER})`;

const DECISION = `'decisionId', d.decision_id, 'action', d.action, 'actor', d.actor, 'reason', d.reason,
  'isEdited', d.edited_value is not null, 'isOverride', d.is_override, 'bulkId', d.bulk_id, 'at', d.at,
  'outcome', d.outcome, 'workflowId', d.workflow_id`;

/** These columns of a letter, and how it stands. */
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
  readonly decision: (Omit<LetterDecision, 'at'> & { readonly at: string }) | null;
};

const standing = ({ decision }: Selected<Standing>) => ({
  decision: decision ? { ...decision, at: new Date(decision.at) } : undefined,
});

/** Letters with their decisions, as the filter means them. */
function lettersMeant(db: DbOrTrx, filter: LetterFilter, maxReplays: number) {
  const query = lettersWithDecisions(db);
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
export async function listLetters(
  db: Db,
  filter: LetterFilter,
  page: { readonly limit: number; readonly skip: number; readonly maxReplays: number },
): Promise<ListedLetter[]> {
  const rows = (await lettersMeant(db, filter, page.maxReplays)
    .select(...selected(db, HEAD, page.maxReplays))
    .orderBy([
      { column: 'l.dead_at', order: 'desc' },
      { column: 'l.topic' },
      { column: 'l.partition' },
      { column: 'l.record_offset', order: 'desc' },
    ])
    .offset(page.skip)
    .limit(page.limit)) as Selected<ListedLetter>[];
  return rows.map((row) => ({ ...row, ...standing(row) }));
}

/** The next letters that wait, oldest first, as the filter means them, after the cursor. */
export async function waitingLetters(
  db: Db,
  filter: LetterFilter,
  next: { readonly after: LetterCursor | undefined; readonly limit: number; readonly maxReplays: number },
): Promise<LetterCursor[]> {
  const { after, limit, maxReplays } = next;
  const query = lettersMeant(db, { ...filter, state: 'WAITING' }, maxReplays)
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
  return (await query) as LetterCursor[];
}

/** How many letters the filter means that wait. */
export async function countWaitingLetters(db: Db, filter: LetterFilter, maxReplays: number): Promise<number> {
  const row = (await lettersMeant(db, { ...filter, state: 'WAITING' }, maxReplays)
    .count({ count: '*' })
    .first()) as { count: number } | undefined;
  return Number(row?.count ?? 0);
}

/** How many letters a replay of many has sent back. */
export async function countBulkDecisions(db: Db, bulkId: string): Promise<number> {
  const row = (await db('dead_letter_decisions').where({ bulk_id: bulkId }).count({ count: '*' }).first()) as
    | { count: number }
    | undefined;
  return Number(row?.count ?? 0);
}

export interface StoredLetterGroup {
  readonly topic: string;
  readonly code: string | null;
  readonly state: LetterState;
  readonly count: number;
  readonly oldestAt: Date;
  readonly newestAt: Date;
}

/** How many of each cause stand how, the most first. */
export async function groupLetters(db: Db, filter: LetterFilter, maxReplays: number): Promise<StoredLetterGroup[]> {
  return (await db
    .from(
      lettersMeant(db, filter, maxReplays)
        .select('l.origin_topic as topic', 'l.code', 'l.dead_at', db.raw(`${STATE} as state`, [maxReplays]))
        .as('meant'),
    )
    .groupBy('topic', 'code', 'state')
    .select('topic', 'code', 'state')
    .count({ count: '*' })
    .min({ oldestAt: 'dead_at' })
    .max({ newestAt: 'dead_at' })
    .orderBy('count', 'desc')) as unknown as StoredLetterGroup[];
}

/** Has others who would decide about this letter wait for the end of the transaction. */
export async function lockLetter(trx: Trx, { topic, partition, offset }: LetterPlace): Promise<void> {
  await trx('dead_letters').where({ topic, partition, record_offset: offset }).forUpdate().first('topic');
}

/** A letter by its place; undefined: none is indexed there. */
export async function findLetter(
  db: DbOrTrx,
  { topic, partition, offset }: LetterPlace,
  maxReplays: number,
): Promise<Letter | undefined> {
  const row = (await lettersMeant(db, {}, maxReplays)
    .where({ 'l.topic': topic, 'l.partition': partition, 'l.record_offset': offset })
    .first(...selected(db, { ...HEAD, ...BODY }, maxReplays))) as Selected<Letter> | undefined;
  return row && { ...row, ...standing(row) };
}

const placeColumns = (db: DbOrTrx) => ['topic', 'partition', db.raw('record_offset::text as "offset"')];

/** The letter as which a replay died again; undefined: it has not. */
export async function letterOfReplay(db: DbOrTrx, decisionId: string): Promise<LetterPlace | undefined> {
  return (await db('dead_letters')
    .where({ decision_id: decisionId })
    .first(...placeColumns(db))) as LetterPlace | undefined;
}

interface TakenDecision extends LetterPlace, Pick<LetterDecision, 'action'> {
  /** What was sent instead of the value; null: the value itself. */
  readonly editedValue: Buffer | null;
}

/** What a decision was, and about which letter. */
export async function findLetterDecision(db: DbOrTrx, decisionId: string): Promise<TakenDecision | undefined> {
  return (await db('dead_letter_decisions')
    .where({ decision_id: decisionId })
    .first('action', { editedValue: 'edited_value' }, ...placeColumns(db))) as TakenDecision | undefined;
}

/** Writes a decision down, one a letter and one a decisionId; false: there is one already. */
export async function insertLetterDecision(
  trx: Trx,
  decision: TakenDecision &
    Pick<LetterHead, 'deadAt'> &
    Omit<LetterDecision, 'at' | 'isEdited' | 'outcome' | 'workflowId'>,
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
