/** Kafka records, independent of their meaning. */

/** Null: a header without a value, which is another than an empty one. */
export type HeaderBytes = Readonly<Record<string, readonly (Buffer | null)[]>>;

/** The same as JSON takes it: each value in Base64. */
export type TextHeaders = Readonly<Record<string, readonly (string | null)[]>>;

export function base64Headers(headers: HeaderBytes): TextHeaders {
  return Object.fromEntries(
    // Postgres' text holds no U+0000.
    Object.entries(headers).map(([name, values]) => [
      name.replaceAll('\u0000', ''),
      values.map((value) => value?.toString('base64') ?? null),
    ]),
  );
}

/** An id of ours in a header; undefined: there is none, or another system's bytes. */
export function idIn(header: Buffer | null | undefined): string | undefined {
  const id = header?.toString() ?? '';
  return /^[\x20-\x7e]{1,600}$/.test(id) ? id : undefined;
}

/** Where a record was in its topic. */
export interface RecordPosition {
  readonly topic: string;
  /** -1: it never came into its topic. */
  readonly partition: number;
  /** Decimal text; -1: it never came into its topic. */
  readonly offset: string;
  /** Milliseconds since 1970, decimal text. */
  readonly timestamp: string;
}

/** A record as it was in its own topic. */
export interface OriginalRecord extends RecordPosition {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: HeaderBytes;
}

/** A dead letter sent back: which one, by its position, and by which decision. */
export interface DeadLetterReplay {
  readonly of: string;
  readonly decisionId: string;
}

/** A dead letter in the order in which they were written. */
export interface DeadLetterCursor {
  /** ISO 8601 with microseconds, as Postgres writes it. */
  readonly deadAt: string;
  readonly topic: string;
  readonly partition: number;
  /** Decimal text. */
  readonly offset: string;
}

/** How the records of a topic are read. */
export interface ConsumerSettings {
  readonly groupId: string;
  /** How many partitions a process works on at once. */
  readonly partitionsAtOnce: number;
  /** How many keys of a partition are worked on at once. */
  readonly keysAtOnce: number;
  /** A dead letter blocks its key: the records behind it wait until it is decided. */
  readonly blocksKeys?: true;
}
