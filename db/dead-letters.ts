import type { LetterFilter, LetterState } from '../contracts/dead-letter-desk';
import type { TextHeaders } from '../contracts/dead-letters';
import type { LetterCursor } from '../contracts/workflow-api';
import type { Db, DbOrTrx, Trx } from './connection';

/** Where a dead letter stands. */
export interface LetterPlace {
  readonly topic: string;
  readonly partition: number;
  /** Decimal text. */
  readonly offset: string;
}

/** A dead letter as its topic has it, decoded. */
export interface IndexedLetter extends LetterPlace {
  readonly deadAt: Date;
  readonly originTopic: string;
  readonly originPartition: number;
  readonly originOffset: string;
  readonly originAt: Date | null;
  readonly consumerGroup: string | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Of the record. */
  readonly headers: TextHeaders;
  readonly replayCount: number;
  readonly decisionId: string | null;
  readonly eventId: string | null;
  readonly orderId: number | null;
  readonly requestId: string | null;
}

export interface LetterDecision extends LetterPlace {
  readonly decisionId: string;
  readonly action: 'REPLAY' | 'DISCARD';
  readonly actor: string;
  readonly reason: string;
  readonly editedValue: Buffer | null;
  readonly isOverride: boolean;
  readonly bulkId: string | null;
  readonly at: Date;
  readonly outcome: 'processed' | 'duplicate' | 'dead' | null;
  readonly workflowId: string | null;
}

const LETTER = {
  topic: 'topic',
  partition: 'partition',
  offset: 'record_offset',
  deadAt: 'dead_at',
  originTopic: 'origin_topic',
  originPartition: 'origin_partition',
  originOffset: 'origin_offset',
  originAt: 'origin_at',
  consumerGroup: 'consumer_group',
  code: 'code',
  message: 'message',
  key: 'key',
  value: 'value',
  headers: 'headers',
  replayCount: 'replay_count',
  decisionId: 'decision_id',
  eventId: 'event_id',
  orderId: 'order_id',
  requestId: 'request_id',
} as const;

const DECISION = {
  topic: 'topic',
  partition: 'partition',
  offset: 'record_offset',
  decisionId: 'decision_id',
  action: 'action',
  actor: 'actor',
  reason: 'reason',
  editedValue: 'edited_value',
  isOverride: 'is_override',
  bulkId: 'bulk_id',
  at: 'at',
  outcome: 'outcome',
  workflowId: 'workflow_id',
} as const;

/** A letter with what was decided about it, and how the story went on and began. */
export interface Letter extends IndexedLetter {
  readonly state: LetterState;
  readonly decision: LetterDecision | undefined;
  /** Later records of its key that wait until it is decided, or until its replay is worked on. */
  readonly waitingBehind: number;
}

/** Puts letters into the index; those that stand there already stay as they are. */
export async function indexLetters(db: DbOrTrx, letters: readonly IndexedLetter[]): Promise<void> {
  if (letters.length === 0) return;
  await db('dead_letters')
    .insert(
      letters.map((letter) =>
        Object.fromEntries(
          Object.entries(LETTER).map(([name, column]) => {
            const value = letter[name as keyof typeof LETTER];
            return [column, name === 'headers' ? JSON.stringify(value) : value];
          }),
        ),
      ),
    )
    .onConflict(['topic', 'partition', 'record_offset'])
    .ignore();
}

/** Forgets what the topics say; decisions stay. */
export async function emptyLetterIndex(db: DbOrTrx): Promise<void> {
  await db('dead_letters').delete();
}

const of = (table: string, columns: Readonly<Record<string, string>>, prefix = '') =>
  Object.fromEntries(Object.entries(columns).map(([name, column]) => [`${prefix}${name}`, `${table}.${column}`]));

const wherePlace = (table: string, { topic, partition, offset }: LetterPlace) => ({
  [`${table}.topic`]: topic,
  [`${table}.partition`]: partition,
  [`${table}.record_offset`]: offset,
});

const STATE = `case when d.action = 'REPLAY' then 'REPLAYED' when d.action = 'DISCARD' then 'DISCARDED'
  when l.replay_count >= ? then 'PARKED' else 'WAITING' end`;

const WAITING_BEHIND = `(select count(*)::int from blocked_keys b
    join waiting_records w on w.topic = b.topic and w.key_hash = b.key_hash
  where b.topic = l.origin_topic and b.head_partition = l.origin_partition and b.head_offset = l.origin_offset)`;

/** All of a letter. */
const selected = (db: DbOrTrx, maxReplays: number) => [
  of('l', LETTER),
  of('d', DECISION, 'decision_'),
  db.raw(`${STATE} as state, ${WAITING_BEHIND} as "waitingBehind"`, [maxReplays]),
];

/** Letters with their decisions, as the filter means them. */
function lettersMeant(db: DbOrTrx, filter: LetterFilter, maxReplays: number) {
  const query = db('dead_letters as l').leftJoin('dead_letter_decisions as d', (join) =>
    join.on('d.topic', 'l.topic').andOn('d.partition', 'l.partition').andOn('d.record_offset', 'l.record_offset'),
  );
  if (filter.topic !== undefined) query.where('l.origin_topic', filter.topic);
  if (filter.code !== undefined) query.where('l.code', filter.code);
  if (filter.key !== undefined) query.where('l.key', Buffer.from(filter.key));
  if (filter.deadBefore !== undefined) query.where('l.dead_at', '<', new Date(filter.deadBefore));
  if (filter.deadAfter !== undefined) query.where('l.dead_at', '>=', new Date(filter.deadAfter));
  if (filter.state !== undefined) query.whereRaw(`${STATE} = ?`, [maxReplays, filter.state]);
  return query;
}

type LetterRow = IndexedLetter & Pick<Letter, 'state' | 'waitingBehind'> & Record<string, unknown>;

const letterOf = (row: LetterRow): Letter => {
  const own = Object.fromEntries(Object.keys(LETTER).map((name) => [name, row[name]])) as unknown as IndexedLetter;
  const decision = Object.fromEntries(
    Object.keys(DECISION).map((name) => [name, row[`decision_${name}`]]),
  ) as unknown as LetterDecision;
  const offset = String(own.offset);
  return {
    ...own,
    offset,
    originOffset: String(own.originOffset),
    state: row.state,
    waitingBehind: row.waitingBehind,
    decision: decision.decisionId === null ? undefined : { ...decision, offset },
  };
};

/** Newest first, after the place `before`; the values too, so `limit` is to be small. */
export async function listLetters(
  db: Db,
  filter: LetterFilter,
  page: { readonly limit: number; readonly skip: number; readonly maxReplays: number },
): Promise<Letter[]> {
  const rows = (await lettersMeant(db, filter, page.maxReplays)
    .select(...selected(db, page.maxReplays))
    .orderBy([
      { column: 'l.dead_at', order: 'desc' },
      { column: 'l.topic' },
      { column: 'l.partition' },
      { column: 'l.record_offset', order: 'desc' },
    ])
    .offset(page.skip)
    .limit(page.limit)) as LetterRow[];
  return rows.map(letterOf);
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

/** A letter by its place; undefined: none is indexed there. */
export async function findLetter(db: DbOrTrx, place: LetterPlace, maxReplays: number): Promise<Letter | undefined> {
  const row = (await lettersMeant(db, {}, maxReplays)
    .where(wherePlace('l', place))
    .first(...selected(db, maxReplays))) as LetterRow | undefined;
  return row && letterOf(row);
}

/** The letter as which a replay died again; undefined: it has not. */
export async function letterOfReplay(db: DbOrTrx, decisionId: string): Promise<LetterPlace | undefined> {
  const row = (await db('dead_letters')
    .where({ decision_id: decisionId })
    .first('topic', 'partition', 'record_offset as offset')) as
    | { topic: string; partition: number; offset: number }
    | undefined;
  return row && { ...row, offset: String(row.offset) };
}

export async function findLetterDecision(db: DbOrTrx, decisionId: string): Promise<LetterDecision | undefined> {
  const row = (await db('dead_letter_decisions').where({ decision_id: decisionId }).first(DECISION)) as
    | LetterDecision
    | undefined;
  return row && { ...row, offset: String(row.offset) };
}

/** Writes a decision down, one a letter and one a decisionId; false: there is one already. */
export async function insertLetterDecision(
  trx: Trx,
  decision: Omit<LetterDecision, 'at' | 'outcome' | 'workflowId'>,
): Promise<boolean> {
  const rows = await trx('dead_letter_decisions')
    .insert({
      decision_id: decision.decisionId,
      topic: decision.topic,
      partition: decision.partition,
      record_offset: decision.offset,
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
