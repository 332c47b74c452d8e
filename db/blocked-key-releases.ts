import { type BlockedKeyId, KEY_BLOCKED_BY_UNDECIDED } from './blocked-keys';
import type { Db, DbOrTrx, Trx } from './connection';
import { deadLettersWithDecisions } from './dead-letter-index';

/** A blocked key as operators see it. */
export interface BlockedKey extends BlockedKeyId {
  readonly key: Buffer;
  readonly waiting: number;
  readonly movedAt: Date;
  readonly unmovedMs: number;
  /** The dead letter is decided, and the record that the key awaits is on its way. */
  readonly isUnderWay: boolean;
  /** `topic/partition/offset` of the undecided dead letter that blocks it; null: there is none. */
  readonly deadLetter: string | null;
}

/** The keys that have not moved for longest. */
export async function longestBlocked(db: Db, limit: number): Promise<BlockedKey[]> {
  return blockedKeys(db).orderBy('b.moved_at').limit(limit);
}

/** One key, locked so that it does not move meanwhile; undefined: it is free. */
export async function lockBlockedKey(trx: Trx, topic: string, key: Buffer): Promise<BlockedKey | undefined> {
  return (await blockedKeys(trx)
    .where('b.topic', topic)
    .whereRaw('b.key_hash = sha256(?)', [key])
    .forUpdate('b')
    .first()) as BlockedKey | undefined;
}

function blockedKeys(db: DbOrTrx) {
  const undecided = deadLettersWithDecisions(db)
    .whereRaw(KEY_BLOCKED_BY_UNDECIDED)
    .whereNull('d.decision_id')
    .orderBy('l.dead_at', 'desc')
    .first(db.raw("concat_ws('/', l.topic, l.partition, l.record_offset)"));
  const waiting = db('waiting_records as w')
    .whereRaw('w.topic = b.topic and w.key_hash = b.key_hash')
    .first(db.raw('count(*)::int'));
  return db('blocked_keys as b').select('b.topic', 'b.key', {
    keyHash: 'b.key_hash',
    movedAt: 'b.moved_at',
    unmovedMs: db.raw('(extract(epoch from now() - b.moved_at) * 1000)::float8'),
    isUnderWay: db.raw('b.turn is not null'),
    deadLetter: undecided,
    waiting,
  });
}

/** Records who released a key; false: the decisionId has been used. */
export async function recordRelease(
  trx: Trx,
  release: {
    readonly decisionId: string;
    readonly topic: string;
    readonly key: Buffer;
    readonly actor: string;
    readonly reason: string;
  },
): Promise<boolean> {
  const { decisionId, ...rest } = release;
  const rows = await trx('line_releases')
    .insert({ decision_id: decisionId, ...rest })
    .onConflict('decision_id')
    .ignore()
    .returning('decision_id');
  return rows.length > 0;
}

/** Whether a decisionId released this very key; undefined: it is unused. */
export async function wasReleasedBy(
  trx: Trx,
  decisionId: string,
  topic: string,
  key: Buffer,
): Promise<boolean | undefined> {
  const row = (await trx('line_releases').where({ decision_id: decisionId }).first('topic', 'key')) as
    | { topic: string; key: Buffer }
    | undefined;
  return row && row.topic === topic && row.key.equals(key);
}
