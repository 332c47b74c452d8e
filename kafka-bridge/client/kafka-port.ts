/** What this system needs of Kafka, and all it knows of it: the client library behind can be replaced. */
import type { HeaderBytes } from '../../contracts/dead-letters';

export interface OutgoingRecord {
  readonly key: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers?: Readonly<Record<string, string | Buffer | readonly (Buffer | null)[]>>;
}

export interface IncomingRecord {
  readonly topic: string;
  readonly partition: number;
  /** Decimal text. */
  readonly offset: string;
  /** Milliseconds since 1970, decimal text. */
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: HeaderBytes;
}

/** The broker will never take this as it is: too large, or malformed. */
export class RecordRefusedError extends Error {
  override readonly name = 'RecordRefusedError';
  constructor(
    readonly code: string,
    options: { cause: unknown },
  ) {
    super(`the broker refuses the record: ${code}`, options);
  }
}

/** The broker answered, and does not take records for one of the topics now: other topics may go on. */
export class TopicUnavailableError extends Error {
  override readonly name = 'TopicUnavailableError';
  constructor(
    readonly code: string,
    options: { cause: unknown },
  ) {
    super(`the broker does not take records now: ${code}`, options);
  }
}

export interface KafkaProducer {
  /**
   * Resolves when every record is acknowledged by all in-sync replicas; records of one key keep their order. One
   * attempt of at most 4 s, whatever becomes of the sends of other topics: what to do after a failure is the caller's
   * decision, and a failed call may still have written.
   */
  send(topic: string, records: readonly OutgoingRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** Records of one partition, in the hands of one call of `onBatch`. */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly IncomingRecord[];
  /** False once the partition is taken away or the consumer stops: begin nothing new. */
  isCurrent(): boolean;
  /** Commits all records up to and including this offset; false: they were not committed, and come again to the process that has the partition then. */
  commitThrough(offset: string): Promise<boolean>;
  /** Fetches nothing from this partition for a while; what was not committed then comes again. */
  pause(ms: number): void;
}

export interface ConsumeOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly partitionsAtOnce: number;
  /** Told after each rebalance which partitions of each topic this consumer has. */
  readonly onAssigned?: (assigned: Readonly<Record<string, readonly number[]>>) => void;
  /** Told each time that a batch can't be read, by which its topic is kept up until the next call of `onBatch`. */
  readonly onUnreadable?: () => void;
  /** Must not throw; what it did not commit comes again. */
  readonly onBatch: (batch: PartitionBatch) => Promise<void>;
}

export interface KafkaConsumer {
  /** Lets the batches in hand end, and leaves the group. */
  stop(): Promise<void>;
  /** Rejects when the consumer is gone for good and the process should be replaced. */
  readonly failed: Promise<never>;
}

export interface PartitionLag {
  readonly partition: number;
  /** Records not yet committed. */
  readonly lag: number;
  /** Next offset to read, decimal text. */
  readonly committed: string;
}

/** How long topics keep their records, in ms. */
export interface TopicRetention {
  readonly recordsMs: number;
  readonly deadLettersMs: number;
}

export interface KafkaAdmin {
  /** Creates what is missing, widens what is too narrow, sets what records are kept; returns what was done, a line each. */
  ensureTopics(retention: TopicRetention): Promise<string[]>;
  /** What keeps this code from running on that broker; undefined: nothing. */
  topicsMismatch(): Promise<string | undefined>;
  /** How far a group is behind, for each partition of a topic. */
  lag(groupId: string, topic: string): Promise<PartitionLag[]>;
  close(): Promise<void>;
}

export interface Kafka {
  producer(): Promise<KafkaProducer>;
  consume(options: ConsumeOptions): Promise<KafkaConsumer>;
  /** `retries` of a question about a topic that the broker does not know (yet); the client's own, for about 6 s, unless given. */
  admin(options?: { readonly retries?: number }): Promise<KafkaAdmin>;
  /** Throws when no broker answers within some seconds, asked over a connection of its own. */
  ping(): Promise<void>;
}
