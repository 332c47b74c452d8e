import type { TextHeaders } from '../contracts/dead-letters';
import type { DbOrTrx } from './connection';

/** Where a dead letter stands. */
export interface LetterPlace {
  readonly topic: string;
  readonly partition: number;
  /** Decimal text. */
  readonly offset: string;
}

/** A dead letter as its topic has it, decoded, without what may be large. */
export interface LetterHead extends LetterPlace {
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
  readonly eventId: string | null;
  readonly orderId: number | null;
  readonly requestId: string | null;
  /** What had let it pass those that wait behind it. */
  readonly turn: string | null;
}

interface IndexedBody {
  readonly value: Buffer | null;
  /** Of the record. */
  readonly headers: TextHeaders;
  /** What another system wrote about its death. */
  readonly exceptionHeaders: TextHeaders;
}

export interface IndexedLetter extends LetterHead, IndexedBody {}

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
  turn: 'turn',
} as const;

export const BODY = { value: 'value', headers: 'headers', exceptionHeaders: 'exception_headers' } as const;

const COLUMNS = { ...OFFSETS, ...HEAD, ...BODY };

/** Letters `l`, each with the decision `d` about it, if there is one. */
export function lettersWithDecisions(db: DbOrTrx) {
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

/** Puts letters into the index; what their topic says counts, whatever stands there already. */
export async function indexLetters(db: DbOrTrx, letters: readonly IndexedLetter[]): Promise<void> {
  const rows = letters.map((letter) =>
    Object.fromEntries(Object.entries(COLUMNS).map(([name, column]) => [column, letter[name as keyof IndexedLetter]])),
  );
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE)
    await db('dead_letters')
      .insert(rows.slice(from, from + ROWS_AT_ONCE))
      .onConflict(['topic', 'partition', 'record_offset'])
      .merge();
}
