import type { Knex } from 'knex';
import type { TextHeaders } from '../contracts/dead-letters';
import type { RecordPosition } from '../contracts/workflow-api';
import type { Db, DbOrTrx, Trx } from './connection';
import { type DeadLetterPosition, deadLettersWithDecisions } from './dead-letter-index';
import { addToOutbox, recordRow } from './outbox';

/**
 * On a topic that keeps order, what follows a dead record of its key waits in a line. Its head is the record that died;
 * once that is decided, the one that is under way in its stead, known by its turn. Whoever has worked on the head sends
 * the next one after it, one at a time, until nobody waits and the key is free.
 */
export type Standing = 'free' | 'head' | 'waiting';

/** A record in a line, or one that could be. */
export interface KeyedRecord extends Place {
  readonly key: Buffer | null;
  /** What lets it pass the others, when its time has come; undefined: it has none yet. */
  readonly turn: string | undefined;
}

type Place = Pick<RecordPosition, 'topic' | 'partition' | 'offset'>;
export type BlockedKeyId = { readonly topic: string; readonly keyHash: Buffer };

const LINE = { topic: 'topic', keyHash: 'key_hash' } as const;

/** What may be at the head of lines: a record, or the dead letter that it left. */
export interface Head extends Place {
  /** The group that gave it up; another's dead letter about the same record moves no line of ours. */
  readonly group: string | null;
  readonly turn: string | undefined;
}

/** How a record stands in the line of its key. */
export function standingOf(db: Db, record: KeyedRecord): Promise<Standing> {
  return standing(lineOf(db, record.topic, record.key), record);
}

async function standing(line: ReturnType<typeof lineOf>, { partition, offset, turn }: KeyedRecord): Promise<Standing> {
  const head = (await line.first('head_partition', 'head_offset', 'turn')) as
    | { head_partition: number; head_offset: number; turn: string | null }
    | undefined;
  // A turn may be for the line of another key: the one that the record had before it was edited.
  if (!head) return turn === undefined ? 'free' : 'head';
  const isNext =
    head.turn === null ? head.head_partition === partition && String(head.head_offset) === offset : head.turn === turn;
  return isNext ? 'head' : 'waiting';
}

/** Puts a record at the end of the line of its key, unless that has become free: then it returns how the record stands. */
export async function waitForKey(
  db: Db,
  record: KeyedRecord & {
    readonly turn: string;
    readonly timestamp: string;
    readonly value: Buffer | null;
    /** Its turn among them. */
    readonly headers: TextHeaders;
  },
): Promise<Standing> {
  return db.transaction(async (trx) => {
    const now = await standing(lineOf(trx, record.topic, record.key).forUpdate(), record);
    if (now !== 'waiting') return now;
    await trx('waiting_records')
      .insert({
        topic: record.topic,
        key: record.key,
        partition: record.partition,
        record_offset: record.offset,
        record_time: record.timestamp,
        value: record.value,
        headers: JSON.stringify(record.headers),
        turn: record.turn,
      })
      .onConflict(['topic', 'partition', 'record_offset', 'record_time'])
      .ignore();
    return now;
  });
}

/** Whether a line, perhaps of another key, waits for the one that has this turn. */
export async function isAwaited(db: Db, topic: string, turn: string): Promise<boolean> {
  return (await db('blocked_keys').where({ topic, turn }).first('topic')) !== undefined;
}

/** Before a record's dead letter is written: from here on the later ones of its key wait behind it. */
export async function blockKey(db: Db, record: KeyedRecord & { readonly group: string }): Promise<void> {
  const { topic, partition, offset, key, turn, group } = record;
  const head = { head_partition: partition, head_offset: offset, consumer_group: group };
  await db.transaction(async (trx) => {
    if (turn !== undefined)
      await trx('blocked_keys')
        .where({ topic, turn })
        .update({ ...head, turn: null, moved_at: db.fn.now() });
    // Without a key there is no order to keep.
    if (key !== null)
      await trx('blocked_keys')
        .insert({ topic, key, ...head })
        .onConflict(['topic', 'key_hash'])
        .ignore();
  });
}

/** The head is done with, worked on or put aside: sends the next one after it, or frees the key. */
export async function releaseWaiting(trx: Trx, head: Head): Promise<void> {
  for (const line of await linesBehind(trx, head)) await sendNext(trx, line);
}

/** The head is sent back with a new turn; false: nobody waits behind it. */
export async function releaseBehindReplay(trx: Trx, head: Head, turn: string): Promise<boolean> {
  const lines = await linesBehind(trx, head);
  for (const line of lines) await whereLine(trx('blocked_keys'), line).update({ turn, moved_at: trx.fn.now() });
  return lines.length > 0;
}

/** Whether records of a key wait, or would, behind another than this. */
export async function isBlocked(trx: Trx, topic: string, key: Buffer, head: Head): Promise<boolean> {
  return (await lineOf(trx, topic, key).whereNot(isHead(head, 'is not distinct from')).first('topic')) !== undefined;
}

const DIED_AT_HEAD = `b.turn is null
  and b.head_partition = l.origin_partition and b.head_offset = l.origin_offset and b.consumer_group = l.consumer_group`;

/** Whether line `b` waits for dead letter `l` to be decided, or for its replay, the decision `d`, to be worked on. */
export const KEY_BLOCKED_BY = `b.topic = l.origin_topic and (b.turn in (l.turn, d.decision_id) or ${DIED_AT_HEAD})`;

/** The same of a dead letter that nobody has decided. */
export const KEY_BLOCKED_BY_UNDECIDED = `b.topic = l.origin_topic and (b.turn = l.turn or ${DIED_AT_HEAD})`;

/** As people see it. */
export interface WaitingRecord extends Place {
  readonly since: Date;
  readonly valueBytes: number;
  /** Null: there is none, or it is too large to be looked into. */
  readonly value: Buffer | null;
}

const LOOKED_INTO_BYTES = 65_536;

/** The first of those that wait behind a dead letter. */
export async function waitingBehind(db: Db, deadLetter: DeadLetterPosition, limit: number): Promise<WaitingRecord[]> {
  const rows = (await deadLettersWithDecisions(db)
    .join('blocked_keys as b', (join) => join.on(db.raw(KEY_BLOCKED_BY)))
    .join('waiting_records as w', (join) => join.on('w.topic', 'b.topic').andOn('w.key_hash', 'b.key_hash'))
    .where({ 'l.topic': deadLetter.topic, 'l.partition': deadLetter.partition, 'l.record_offset': deadLetter.offset })
    .orderBy('w.id')
    .limit(limit)
    .select(
      ...['w.topic', 'w.partition', { offset: 'w.record_offset' }, 'w.since'],
      db.raw('coalesce(octet_length(w.value), 0) as "valueBytes"'),
      db.raw('case when octet_length(w.value) <= ? then w.value end as value', [LOOKED_INTO_BYTES]),
    )) as WaitingRecord[];
  return rows.map((row) => ({ ...row, offset: String(row.offset) }));
}

/** How many records wait behind dead letters. */
export async function countWaitingRecords(db: Db): Promise<number> {
  const row = (await db('waiting_records').count({ count: '*' }).first()) as { count: number } | undefined;
  return Number(row?.count ?? 0);
}

const lineOf = (db: DbOrTrx, topic: string, key: Buffer | null) =>
  db('blocked_keys').where({ topic }).whereRaw('key_hash = sha256(?)', [key]);

/** The lines that wait for this record, locked: more than one where a record's key was edited. */
async function linesBehind(trx: Trx, head: Head): Promise<BlockedKeyId[]> {
  return trx('blocked_keys')
    .where({ topic: head.topic })
    .where(isHead(head))
    .orderBy('key_hash')
    .forUpdate()
    .select(LINE);
}

/**
 * By its turn; by its place only until somebody has decided: by a crash it may have died twice there, and left two dead letters.
 * Only '=' finds turns by their index, and only the other may be negated.
 */
const isHead =
  ({ partition, offset, group, turn }: Head, equals: '=' | 'is not distinct from' = '=') =>
  (query: Knex.QueryBuilder): void => {
    query.where({ head_partition: partition, head_offset: offset, consumer_group: group, turn: null });
    if (turn !== undefined) query.orWhereRaw(`turn ${equals} ?`, [turn]);
  };

/** Sends the next one of a line, whatever its head is, or frees the key. */
export async function sendNext(trx: Trx, line: BlockedKeyId): Promise<void> {
  const next = (await whereLine(trx('waiting_records'), line)
    .orderBy('id')
    .first('id', 'topic', 'key', 'value', 'headers', 'turn')) as
    | { id: number; topic: string; key: Buffer; value: Buffer | null; headers: TextHeaders; turn: string }
    | undefined;
  if (!next) {
    await whereLine(trx('blocked_keys'), line).delete();
    return;
  }
  await trx('waiting_records').where({ id: next.id }).delete();
  await whereLine(trx('blocked_keys'), line).update({ turn: next.turn, moved_at: trx.fn.now() });
  await addToOutbox(trx, [recordRow(next)]);
}

const whereLine = <Query extends ReturnType<Trx>>(query: Query, { topic, keyHash }: BlockedKeyId) =>
  query.where({ topic, key_hash: keyHash });
