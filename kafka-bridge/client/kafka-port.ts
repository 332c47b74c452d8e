/** All that this system needs of Kafka: the client library behind it can be replaced. */
import type { HeaderBytes } from '../../contracts/record';

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

/** The broker responded, and takes no records for a topic now: other topics may go on. */
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
   * Resolves when every record is acknowledged by all in-sync replicas; records of one key keep their order. One attempt
   * of at most 4 s, independent of other topics: the caller decides about a failure, and a failed call may have written.
   */
  send(topic: string, records: readonly OutgoingRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** Records of one partition, for one call of `onBatch`. */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly IncomingRecord[];
  /** False once the partition is taken away or the consumer stops: begin nothing new. */
  isCurrent(): boolean;
  /** Commits all records up to and including this offset; false: they come again to the process that has the partition then. */
  commitThrough(offset: string): Promise<boolean>;
  /** Fetches nothing from this partition for a while; then uncommitted records come again. */
  pause(ms: number): void;
}

export interface ConsumeOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly partitionsAtOnce: number;
  /** Called after each rebalance with the partitions of each topic that this consumer has. */
  readonly onAssigned?: (assigned: Readonly<Record<string, readonly number[]>>) => void;
  /** Called each time that a batch can't be read, which blocks its topic until the next call of `onBatch`. */
  readonly onUnreadable?: () => void;
  /** Must not throw; records that it did not commit come again. */
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
  /** Creates missing topics and their dead-letter topics, adds partitions, sets the retention; returns what was done, a line each. */
  ensureTopics(topics: readonly string[], retention: TopicRetention): Promise<string[]>;
  /** Why this code can't run on the broker's topics; undefined: it can. */
  topicsMismatch(topics: readonly string[]): Promise<string | undefined>;
  /** How far a group is behind, for each partition of a topic. */
  lag(groupId: string, topic: string): Promise<PartitionLag[]>;
  close(): Promise<void>;
}

export interface Kafka {
  producer(): Promise<KafkaProducer>;
  consume(options: ConsumeOptions): Promise<KafkaConsumer>;
  /** `retries` for a topic that the broker does not know (yet); the client's own, for about 6 s, unless given. */
  admin(options?: { readonly retries?: number }): Promise<KafkaAdmin>;
  /** Throws when no broker responds within some seconds, on a connection of its own. */
  ping(): Promise<void>;
}
