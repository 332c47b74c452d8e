import type { Db, Trx } from './connection';

/** The line of a key as people look at it. */
export interface StandingLine {
  readonly topic: string;
  readonly key: Buffer;
  readonly waiting: number;
  readonly movedAt: Date;
  /** Somebody has decided, and a record is on its way. */
  readonly isUnderWay: boolean;
  /** `topic/partition/offset` of the letter at its head that nobody has decided; null: there is none. */
  readonly deadLetter: string | null;
}

const UNDECIDED_LETTER = `(select concat_ws('/', l.topic, l.partition, l.record_offset) from dead_letters l
  where l.origin_topic = b.topic and (b.turn = l.turn or b.turn is null and l.consumer_group = b.consumer_group
      and l.origin_partition = b.head_partition and l.origin_offset = b.head_offset)
    and not exists (select from dead_letter_decisions d
      where d.topic = l.topic and d.partition = l.partition and d.record_offset = l.record_offset)
  order by l.dead_at desc limit 1)`;

/** The lines that have stood longest without moving. */
export async function longestLines(db: Db, limit: number): Promise<StandingLine[]> {
  return lines(db).orderBy('b.moved_at').limit(limit);
}

/** One line, locked so that it does not move meanwhile; undefined: the key is free. */
export async function lockedLine(trx: Trx, topic: string, key: Buffer): Promise<StandingLine | undefined> {
  return (await lines(trx).where('b.topic', topic).whereRaw('b.key_hash = sha256(?)', [key]).forUpdate('b').first()) as
    | StandingLine
    | undefined;
}

function lines(db: Db | Trx) {
  return db('blocked_keys as b').select('b.topic', 'b.key', {
    movedAt: 'b.moved_at',
    isUnderWay: db.raw('b.turn is not null'),
    deadLetter: db.raw(UNDECIDED_LETTER),
    waiting: db.raw(
      '(select count(*)::int from waiting_records w where w.topic = b.topic and w.key_hash = b.key_hash)',
    ),
  });
}

/** Writes down who let a line go on; false: the decisionId has been used. */
export async function noteRelease(
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

/** Whether a decisionId let this very line go on; undefined: it is unused. */
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
