import { deadLetterTopic } from '../contracts/dead-letters';
import type { TextHeaders } from '../contracts/record';
import type { DbOrTrx } from './connection';

/** Where a dead letter is in its topic. */
export interface DeadLetterPosition {
  readonly topic: string;
  readonly partition: number;
  /** Decimal text. */
  readonly offset: string;
}

/** What a dead letter is about, as far as its value says so. */
export interface DeadLetterSubject {
  readonly eventId: string | null;
  readonly orderId: number | null;
  readonly requestId: string | null;
}

/** A dead letter as its topic has it, decoded, without what may be large. */
export interface DeadLetterHead extends DeadLetterPosition, DeadLetterSubject {
  readonly deadAt: Date;
  readonly originTopic: string;
  readonly originPartition: number;
  readonly originOffset: string;
  readonly originAt: Date | null;
  readonly consumerGroup: string | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly key: Buffer | null;
  readonly replayCount: number;
  readonly decisionId: string | null;
  /** By which it had passed those that wait behind it. */
  readonly releaseToken: string | null;
}

interface IndexedBody {
  readonly value: Buffer | null;
  /** Of the record. */
  readonly headers: TextHeaders;
  /** What another system wrote about its failure. */
  readonly exceptionHeaders: TextHeaders;
}

export interface IndexedDeadLetter extends DeadLetterHead, IndexedBody {}

const OFFSETS = { offset: 'record_offset', originOffset: 'origin_offset' } as const;

/** Columns of the head, without its offsets: those are read as text, which no number holds. */
export const HEAD = {
  topic: 'topic',
  partition: 'partition',
  deadAt: 'dead_at',
  originTopic: 'origin_topic',
  originPartition: 'origin_partition',
  originAt: 'origin_at',
  consumerGroup: 'consumer_group',
  code: 'code',
  message: 'message',
  key: 'key',
  replayCount: 'replay_count',
  decisionId: 'decision_id',
  eventId: 'event_id',
  orderId: 'order_id',
  requestId: 'request_id',
  releaseToken: 'turn',
} as const;

export const BODY = { value: 'value', headers: 'headers', exceptionHeaders: 'exception_headers' } as const;

const COLUMNS = { ...OFFSETS, ...HEAD, ...BODY };

/** Dead letters `l`, each with the decision `d` about it, if there is one. */
export function deadLettersWithDecisions(db: DbOrTrx) {
  return db('dead_letters as l').leftJoin('dead_letter_decisions as d', (join) =>
    join
      .on('d.topic', 'l.topic')
      .andOn('d.partition', 'l.partition')
      .andOn('d.record_offset', 'l.record_offset')
      .andOn(db.raw('coalesce(d.dead_at, l.dead_at) = l.dead_at')),
  );
}

/** Far below the 65,535 parameters of a statement. */
const ROWS_AT_ONCE = 1_000;

/**
 * Puts dead letters into the index, and overwrites what it has. A second copy of a dead letter, which a crash between
 * publishing it and committing its record leaves, is left out.
 */
export async function indexDeadLetters(db: DbOrTrx, deadLetters: readonly IndexedDeadLetter[]): Promise<void> {
  for (let from = 0; from < deadLetters.length; from += ROWS_AT_ONCE) {
    const firsts = await withoutCopies(db, deadLetters.slice(from, from + ROWS_AT_ONCE));
    if (firsts.length === 0) continue;
    await db('dead_letters')
      .insert(
        firsts.map((deadLetter) =>
          Object.fromEntries(
            Object.entries(COLUMNS).map(([name, column]) => [column, deadLetter[name as keyof IndexedDeadLetter]]),
          ),
        ),
      )
      .onConflict(['topic', 'partition', 'record_offset'])
      .merge();
  }
}

/** A record of one of our topics as its dead letter names it. */
interface GivenUpRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  /** Tells it from one at the same position of a topic that was made anew. */
  readonly at: Date;
  /** The group that gave it up. */
  readonly group: string;
}

/** Whether the dead letter of this very record is indexed, decided or not. */
export async function hasDeadLetter(db: DbOrTrx, record: GivenUpRecord): Promise<boolean> {
  const row: unknown = await db('dead_letters')
    .where({
      topic: deadLetterTopic(record.topic),
      origin_topic: record.topic,
      origin_partition: record.partition,
      origin_offset: record.offset,
      origin_at: record.at,
      consumer_group: record.group,
    })
    .first('topic');
  return row !== undefined;
}

type Origin = Pick<
  IndexedDeadLetter,
  'topic' | 'originTopic' | 'originPartition' | 'originOffset' | 'originAt' | 'consumerGroup' | 'code'
>;

/** The record and failure that a dead letter is about; undefined: it does not say where its record was. */
function originOf(deadLetter: Origin): string | undefined {
  const { topic, originTopic, originPartition, originOffset, originAt, consumerGroup, code } = deadLetter;
  if (originPartition < 0 || originAt === null) return undefined;
  return JSON.stringify([topic, originTopic, originPartition, originOffset, originAt.getTime(), consumerGroup, code]);
}

async function withoutCopies(db: DbOrTrx, deadLetters: readonly IndexedDeadLetter[]): Promise<IndexedDeadLetter[]> {
  const named = deadLetters.filter((deadLetter) => originOf(deadLetter) !== undefined);
  const known = named.length === 0 ? [] : await deadLettersOfOrigins(db, named);
  const positions = new Map<string, string>();
  const isFirst = (deadLetter: DeadLetterPosition & Origin) => {
    const origin = originOf(deadLetter);
    if (origin === undefined) return true;
    const position = JSON.stringify([deadLetter.partition, deadLetter.offset]);
    if (!positions.has(origin)) positions.set(origin, position);
    return positions.get(origin) === position;
  };
  for (const deadLetter of known) isFirst(deadLetter);
  return deadLetters.filter(isFirst);
}

/** Those that are indexed about the same records, the earliest copies first. */
async function deadLettersOfOrigins(
  db: DbOrTrx,
  deadLetters: readonly IndexedDeadLetter[],
): Promise<(DeadLetterPosition & Origin)[]> {
  const { originTopic, originPartition, originAt, consumerGroup, code, topic, partition } = HEAD;
  return db('dead_letters')
    .whereRaw(
      `(origin_topic, origin_partition, origin_offset) in (select * from unnest(?::text[], ?::int[], ?::bigint[]))`,
      [
        deadLetters.map((deadLetter) => deadLetter.originTopic),
        deadLetters.map((deadLetter) => deadLetter.originPartition),
        deadLetters.map((deadLetter) => deadLetter.originOffset),
      ],
    )
    .orderBy(['dead_at', 'record_offset'])
    .select({ topic, partition, originTopic, originPartition, originAt, consumerGroup, code }, {
      offset: db.raw('record_offset::text'),
      originOffset: db.raw('origin_offset::text'),
    } as never);
}
