import type { EachBatchPayload, Kafka as KafkaJs } from 'kafkajs';
import type { Logger } from '../../observability/logger';
import type { ConsumeOptions, IncomingRecord, KafkaConsumer, PartitionBatch } from './kafka-port';
import { UnreadableBatchError } from './kafkajs-codecs';

const HEARTBEAT_MS = 2_000;
/** How soon a killed process's partitions go to another. */
const SESSION_TIMEOUT_MS = 10_000;
/** A fetch returns as soon as there is a record; this bounds how long a stop or a resume waits. */
const MAX_WAIT_MS = 500;
/** Small, because a fetch ends only when the batches of all its partitions have. */
const MAX_BYTES_PER_PARTITION = 256 * 1024;
/** No fetch, no heartbeat, no attempt to restart for this long: kafkajs has silently stopped. */
const SILENCE_MS = 90_000;

/** Starts a consumer; a group's first start reads from the beginning. */
export async function consume(client: KafkaJs, options: ConsumeOptions, logger: Logger): Promise<KafkaConsumer> {
  const { groupId, topics } = options;
  const log = logger.child({ groupId });
  const consumer = client.consumer({
    groupId,
    sessionTimeout: SESSION_TIMEOUT_MS,
    heartbeatInterval: HEARTBEAT_MS,
    rebalanceTimeout: 30_000,
    maxWaitTimeInMs: MAX_WAIT_MS,
    maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
    allowAutoTopicCreation: false,
    retry: { initialRetryTime: 200, maxRetryTime: 3_000, retries: 8, restartOnFailure: () => Promise.resolve(true) },
  });

  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);

  let generation = 0;
  let lastSign = Date.now();
  const { events } = consumer;
  for (const event of [events.FETCH, events.HEARTBEAT, events.CONNECT, events.END_BATCH_PROCESS] as const) {
    consumer.on(event, () => {
      lastSign = Date.now();
    });
  }
  consumer.on(events.GROUP_JOIN, ({ payload }) => {
    generation += 1;
    const assigned = payload.memberAssignment;
    log.info({ assigned }, `joined ${groupId}`);
    options.onAssigned?.(assigned);
  });
  consumer.on(events.CRASH, ({ payload: { error, restart } }) => {
    generation += 1;
    lastSign = Date.now();
    if (!restart) fail(new Error(`${groupId} can't go on`, { cause: error }));
    else if (isUnreadable(error)) {
      log.error({ err: error, topics }, "a batch can't be read: its topic waits, and is tried again");
      options.onUnreadable?.();
    } else log.warn({ err: error }, 'the consumer lost the broker and starts again');
  });
  // A batch of nothing but transaction markers is not handed over, and still is to be committed.
  consumer.on(events.END_BATCH_PROCESS, ({ payload: { topic, partition, batchSize, lastOffset } }) => {
    if (batchSize > 0) return;
    const passed = [{ topic, partition, offset: offsetAfter(lastOffset) }];
    consumer
      .commitOffsets(passed)
      .catch((error: unknown) => log.debug({ err: error }, 'transaction markers were not committed'));
  });
  const watchdog = setInterval(() => {
    if (Date.now() - lastSign > SILENCE_MS) fail(new Error(`${groupId} has been silent for ${SILENCE_MS} ms`));
  }, 5_000).unref();

  async function stop(): Promise<void> {
    clearInterval(watchdog);
    await consumer.disconnect();
  }

  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: options.partitionsAtOnce,
      eachBatch: (payload) => handBatch(payload, options, () => generation),
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { failed, stop };
}

function isUnreadable(error: unknown): boolean {
  for (let inner = error; inner instanceof Error; inner = inner.cause)
    if (inner instanceof UnreadableBatchError) return true;
  return false;
}

const offsetAfter = (offset: string) => (BigInt(offset) + 1n).toString();

/** Gives a batch to its handler and sends heartbeats meanwhile; a lost partition ends the batch, then the group is joined again. */
async function handBatch(payload: EachBatchPayload, options: ConsumeOptions, generation: () => number): Promise<void> {
  const { batch } = payload;
  const { topic, partition } = batch;
  const bornIn = generation();
  let lost: { readonly error: unknown } | undefined;
  const beat = async () => {
    try {
      await payload.heartbeat();
    } catch (error) {
      lost ??= { error };
    }
  };
  const heart = setInterval(() => void beat(), HEARTBEAT_MS);
  // Once the group is joined again, the offsets that kafkajs keeps are another generation's.
  const isOurs = () => generation() === bornIn;
  const handed: PartitionBatch = {
    topic,
    partition,
    records: batch.messages.map((message) => incoming(topic, partition, message)),
    isCurrent: () => lost === undefined && isOurs() && payload.isRunning() && !payload.isStale(),
    async commitThrough(offset) {
      if (!isOurs()) return false;
      payload.resolveOffset(offset);
      // Behind the last record may be its transaction's marker, which is not handed over.
      const next = offsetAfter(offset === batch.messages.at(-1)?.offset ? batch.lastOffset() : offset);
      try {
        await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset: next }] }] });
        return true;
      } catch (error) {
        lost ??= { error };
        return false;
      }
    },
    pause(ms) {
      const resume = payload.pause();
      setTimeout(resume, ms).unref();
    },
  };
  try {
    await options.onBatch(handed);
  } finally {
    clearInterval(heart);
  }
  if (lost) throw lost.error;
  await payload.heartbeat();
}

type Message = EachBatchPayload['batch']['messages'][number];

function incoming(topic: string, partition: number, message: Message): IncomingRecord {
  const headers = Object.entries(message.headers ?? {}).map(([name, content]) => [
    name,
    (Array.isArray(content) ? content : [content]).map((one) => (one == null ? null : Buffer.from(one))),
  ]);
  return {
    topic,
    partition,
    offset: message.offset,
    timestamp: message.timestamp,
    key: message.key,
    value: message.value,
    headers: Object.fromEntries(headers) as IncomingRecord['headers'],
  };
}
