import { setTimeout } from 'node:timers/promises';
import { CompressionTypes, type Kafka as KafkaJs, type Producer } from 'kafkajs';
import { type KafkaProducer, type OutgoingRecord, RecordRefusedError, TopicUnavailableError } from './kafka-port';
import { partitioner } from './kafkajs-partitioner';

export const SEND_TIMEOUT_MS = 3_500;
/** Connecting included. Short, because a relay may publish only as long as it holds the lease of the row's lane. */
const ATTEMPT_MS = 4_000;
const CLOSE_WITHIN_MS = 3_000;
const LARGE_BYTES = 256 * 1024;

/**
 * A producer of kafkajs for each topic that is in use: one of many topics asks about all of them before it sends, and
 * fails at the first that is gone, forbidden or without a leader. Each has connections of its own, a few per topic.
 * One that has failed is replaced at the next send, so that nothing is kept of topics that are not there.
 */
export async function createProducer(client: KafkaJs, metadataMaxAgeMs?: number): Promise<KafkaProducer> {
  const producers = new Map<string, TopicProducer>();
  const closing = new Set<Promise<unknown>>();

  function retire(topic: string, producer: TopicProducer): void {
    if (producers.get(topic) !== producer) return;
    producers.delete(topic);
    const closed: Promise<unknown> = producer.close().finally(() => closing.delete(closed));
    closing.add(closed);
  }

  return {
    async send(topic, records) {
      const producer = producers.get(topic) ?? new TopicProducer(topic, producerOf(client, metadataMaxAgeMs));
      producers.set(topic, producer);
      try {
        await producer.send(records);
      } catch (error) {
        const failure = translated(error);
        if (!(failure instanceof RecordRefusedError)) retire(topic, producer);
        throw failure;
      }
    },
    async close() {
      for (const [topic, producer] of producers) retire(topic, producer);
      await within(CLOSE_WITHIN_MS, Promise.allSettled(closing), () => undefined);
    },
  };
}

/**
 * Not idempotent on purpose: the broker recognises a repeated batch by sequence numbers alone, so after a time-out
 * a different batch under the same numbers would be dropped unseen, and a lost sequence stops a producer for good.
 * A late duplicate is what this system is made for.
 */
function producerOf(client: KafkaJs, metadataMaxAge: number | undefined): Producer {
  return client.producer({
    createPartitioner: partitioner,
    allowAutoTopicCreation: false,
    idempotent: false,
    retry: { retries: 0 },
    ...(metadataMaxAge === undefined ? {} : { metadataMaxAge }),
  });
}

class TopicProducer {
  private readonly pending = new Set<Promise<unknown>>();
  private connected: Promise<void> | undefined;

  constructor(
    private readonly topic: string,
    private readonly producer: Producer,
  ) {}

  send(records: readonly OutgoingRecord[]): Promise<void> {
    const attempt = this.attempt(records);
    this.pending.add(attempt);
    const forget = () => this.pending.delete(attempt);
    attempt.then(forget, forget);
    return within(ATTEMPT_MS, attempt, () => {
      throw new SilentBrokerError(`no response for ${this.topic} within ${ATTEMPT_MS} ms`);
    });
  }

  /** Once kafkajs has given up what is under way: it would connect again after a disconnect. */
  async close(): Promise<void> {
    await Promise.allSettled(this.pending);
    await this.producer.disconnect();
  }

  private async attempt(records: readonly OutgoingRecord[]): Promise<void> {
    this.connected ??= this.producer.connect();
    await this.connected;
    await this.producer.send({
      topic: this.topic,
      acks: -1,
      timeout: SEND_TIMEOUT_MS,
      messages: records.map(messageOf),
      ...(records.some(isLarge) ? { compression: CompressionTypes.GZIP } : {}),
    });
  }
}

/** No broker has responded in time. */
export class SilentBrokerError extends Error {
  override readonly name = 'SilentBrokerError';
  readonly code = 'ETIMEDOUT';
}

/** The work's result, or what `late` makes of its absence. */
export async function within<Result>(ms: number, work: Promise<Result>, late: () => Result): Promise<Result> {
  const timer = new AbortController();
  try {
    return await Promise.race([work, setTimeout(ms, undefined, { signal: timer.signal }).then(late)]);
  } finally {
    timer.abort();
  }
}

/** It may have come compressed, and be larger than the broker takes as it is. */
const isLarge = ({ value }: OutgoingRecord) => value !== null && value.length > LARGE_BYTES;

const messageOf = ({ key, value, headers }: OutgoingRecord) => ({
  key,
  value,
  headers: Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, content]) => [
      name,
      // kafkajs writes a null, which its types do not know.
      typeof content === 'string' || Buffer.isBuffer(content) ? content : ([...content] as Buffer[]),
    ]),
  ),
});

const REFUSALS: ReadonlySet<string> = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'CORRUPT_MESSAGE',
  'INVALID_TIMESTAMP',
  'INVALID_RECORD',
]);
/** Said of the connection, and of no topic. */
const CONNECTION_REFUSALS: ReadonlySet<string> = new Set([
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
  'CLUSTER_AUTHORIZATION_FAILED',
]);

/** kafkajs wraps: the innermost cause that carries the protocol's error type is the broker's response. */
function translated(error: unknown): unknown {
  for (let inner: unknown = error; inner instanceof Error; inner = inner.cause) {
    const type = 'type' in inner && typeof inner.type === 'string' ? inner.type : undefined;
    if (!type || CONNECTION_REFUSALS.has(type)) continue;
    return REFUSALS.has(type)
      ? new RecordRefusedError(type, { cause: error })
      : new TopicUnavailableError(type, { cause: error });
  }
  return error;
}
