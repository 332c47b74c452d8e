import type { Knex } from 'knex';
import type { RecordPosition, TextHeaders } from '../contracts/record';
import type { Db, DbOrTrx, Trx } from './connection';
import { type DeadLetterPosition, deadLettersWithDecisions } from './dead-letter-index';
import { addToOutbox, recordRow } from './outbox';

/**
 * On a topic that keeps order, a dead letter blocks its key, and later records of the key wait. The key awaits one record:
 * the dead one, and once that is decided its replay or the next waiting record, known by its release token. When the
 * awaited record is done, the next one is sent, one at a time, until none waits and the key is free.
 */
export type KeyState = 'free' | 'awaited' | 'waiting';

type Position = Pick<RecordPosition, 'topic' | 'partition' | 'offset'>;
export type BlockedKeyId = { readonly topic: string; readonly keyHash: Buffer };

/** A record that waits for its key, or may have to. */
export interface KeyedRecord extends Position {
  readonly key: Buffer | null;
  /** By which it passes those that wait; undefined: it was not sent for a blocked key. */
  readonly releaseToken: string | undefined;
}

/** What a key may await: a record, or its dead letter. */
export interface Blocker extends Position {
  /** The group that gave it up; another group's dead letter about the same record releases nothing of ours. */
  readonly group: string | null;
  readonly releaseToken: string | undefined;
}

/** Whether a record's key is free, awaits this very record, or makes it wait. */
export function keyStateOf(db: Db, record: KeyedRecord): Promise<KeyState> {
  return stateIn(blockedKey(db, record.topic, record.key), record);
}

async function stateIn(
  key: ReturnType<typeof blockedKey>,
  { partition, offset, releaseToken }: KeyedRecord,
): Promise<KeyState> {
  const blocked = (await key.first('head_partition', 'head_offset', 'turn')) as
    | { head_partition: number; head_offset: number; turn: string | null }
    | undefined;
  // A token may be awaited by another key: the one that the record had before it was edited.
  if (!blocked) return releaseToken === undefined ? 'free' : 'awaited';
  const isAwaited =
    blocked.turn === null
      ? blocked.head_partition === partition && String(blocked.head_offset) === offset
      : blocked.turn === releaseToken;
  return isAwaited ? 'awaited' : 'waiting';
}

/** Keeps a record until its key is released, unless the key need not be waited for any more: returns the key's state. */
export async function waitForKey(
  db: Db,
  record: KeyedRecord & {
    readonly releaseToken: string;
    readonly timestamp: string;
    readonly value: Buffer | null;
    /** Its release token among them. */
    readonly headers: TextHeaders;
  },
): Promise<KeyState> {
  return db.transaction(async (trx) => {
    const state = await stateIn(blockedKey(trx, record.topic, record.key).forUpdate(), record);
    if (state !== 'waiting') return state;
    await trx('waiting_records')
      .insert({
        topic: record.topic,
        key: record.key,
        partition: record.partition,
        record_offset: record.offset,
        record_time: record.timestamp,
        value: record.value,
        headers: JSON.stringify(record.headers),
        turn: record.releaseToken,
      })
      .onConflict(['topic', 'partition', 'record_offset', 'record_time'])
      .ignore();
    return state;
  });
}

/** Whether a key, perhaps another than the record's own, awaits the record of this token. */
export async function isTokenAwaited(db: Db, topic: string, releaseToken: string): Promise<boolean> {
  return (await db('blocked_keys').where({ topic, turn: releaseToken }).first('topic')) !== undefined;
}

/** Blocks a record's key before its dead letter is published: from here on later records of the key wait. */
export async function blockKey(db: Db, record: KeyedRecord & { readonly group: string }): Promise<void> {
  const { topic, partition, offset, key, releaseToken, group } = record;
  const head = { head_partition: partition, head_offset: offset, consumer_group: group };
  await db.transaction(async (trx) => {
    if (releaseToken !== undefined)
      await trx('blocked_keys')
        .where({ topic, turn: releaseToken })
        .update({ ...head, turn: null, moved_at: db.fn.now() });
    // Without a key there is no order to keep.
    if (key !== null)
      await trx('blocked_keys')
        .insert({ topic, key, ...head })
        .onConflict(['topic', 'key_hash'])
        .ignore();
  });
}

/** Sends the next record of each key that awaited this one, which is processed or discarded, or frees the key. */
export async function releaseWaiting(trx: Trx, blocker: Blocker): Promise<void> {
  for (const key of await keysAwaiting(trx, blocker)) await sendNext(trx, key);
}

/** Makes the keys that this dead letter blocks await its replay, by its token; false: it blocks none. */
export async function awaitReplay(trx: Trx, blocker: Blocker, releaseToken: string): Promise<boolean> {
  const keys = await keysAwaiting(trx, blocker);
  for (const key of keys)
    await whereKey(trx('blocked_keys'), key).update({ turn: releaseToken, moved_at: trx.fn.now() });
  return keys.length > 0;
}

/** Whether another record than this blocks a key. */
export async function isBlocked(trx: Trx, topic: string, key: Buffer, blocker: Blocker): Promise<boolean> {
  const other = blockedKey(trx, topic, key).whereNot(isAwaiting(blocker, 'is not distinct from'));
  return (await other.first('topic')) !== undefined;
}

const AWAITS_DEAD_RECORD = `b.turn is null
  and b.head_partition = l.origin_partition and b.head_offset = l.origin_offset and b.consumer_group = l.consumer_group`;

/** Whether key `b` is blocked until dead letter `l` is decided, or until its replay, the decision `d`, is processed. */
export const KEY_BLOCKED_BY = `b.topic = l.origin_topic and (b.turn in (l.turn, d.decision_id) or ${AWAITS_DEAD_RECORD})`;

/** The same of a dead letter that is not decided. */
export const KEY_BLOCKED_BY_UNDECIDED = `b.topic = l.origin_topic and (b.turn = l.turn or ${AWAITS_DEAD_RECORD})`;

/** As operators see it. */
export interface WaitingRecord extends Position {
  readonly since: Date;
  readonly valueBytes: number;
  /** Null: there is none, or it is too large to be read. */
  readonly value: Buffer | null;
}

const READ_BYTES = 65_536;

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
      db.raw('case when octet_length(w.value) <= ? then w.value end as value', [READ_BYTES]),
    )) as WaitingRecord[];
  return rows.map((row) => ({ ...row, offset: String(row.offset) }));
}

/** How many records wait behind dead letters. */
export async function countWaitingRecords(db: Db): Promise<number> {
  const row = (await db('waiting_records').count({ count: '*' }).first()) as { count: number } | undefined;
  return Number(row?.count ?? 0);
}

const blockedKey = (db: DbOrTrx, topic: string, key: Buffer | null) =>
  db('blocked_keys').where({ topic }).whereRaw('key_hash = sha256(?)', [key]);

/** The keys that await this record, locked: several where a record's key was edited. */
async function keysAwaiting(trx: Trx, blocker: Blocker): Promise<BlockedKeyId[]> {
  return trx('blocked_keys')
    .where({ topic: blocker.topic })
    .where(isAwaiting(blocker))
    .orderBy('key_hash')
    .forUpdate()
    .select({ topic: 'topic', keyHash: 'key_hash' });
}

/**
 * By its token; by its position only until it is decided, as a crash may leave two dead letters of one position.
 * Only '=' finds tokens by their index, and only the other may be negated.
 */
const isAwaiting =
  ({ partition, offset, group, releaseToken }: Blocker, equals: '=' | 'is not distinct from' = '=') =>
  (query: Knex.QueryBuilder): void => {
    query.where({ head_partition: partition, head_offset: offset, consumer_group: group, turn: null });
    if (releaseToken !== undefined) query.orWhereRaw(`turn ${equals} ?`, [releaseToken]);
  };

/** Sends the next waiting record of a key, or frees the key. */
export async function sendNext(trx: Trx, key: BlockedKeyId): Promise<void> {
  const next = (await whereKey(trx('waiting_records'), key)
    .orderBy('id')
    .first('id', 'topic', 'key', 'value', 'headers', 'turn')) as
    | { id: number; topic: string; key: Buffer; value: Buffer | null; headers: TextHeaders; turn: string }
    | undefined;
  if (!next) {
    await whereKey(trx('blocked_keys'), key).delete();
    return;
  }
  await trx('waiting_records').where({ id: next.id }).delete();
  await whereKey(trx('blocked_keys'), key).update({ turn: next.turn, moved_at: trx.fn.now() });
  await addToOutbox(trx, [recordRow(next)]);
}

const whereKey = <Query extends ReturnType<Trx>>(query: Query, { topic, keyHash }: BlockedKeyId) =>
  query.where({ topic, key_hash: keyHash });
