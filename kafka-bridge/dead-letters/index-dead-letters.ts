import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { base64Headers, type DeadLetterCode, decodeDeadLetter } from '../../contracts/dead-letters';
import { subjectOf } from '../../contracts/record-subject';
import { CONSUMED, deadLetterTopic, TOPICS } from '../../contracts/topics';
import { keepable } from '../../contracts/withheld-record';
import type { Db } from '../../db/connection';
import { type IndexedDeadLetter, indexDeadLetters } from '../../db/dead-letter-index';
import { refusalState } from '../../db/refusal';
import type { Logger } from '../../observability/logger';
import type { Metrics } from '../../observability/metrics';
import { safeError, safeMessage } from '../../observability/safe-error';
import type { IncomingRecord, Kafka, KafkaConsumer } from '../client/kafka-port';
import { recordTime } from '../consumers/event-time';

const GROUP_ID = 'dead-letter-group';
const PAUSE_MS = 2_000;
const START_AGAIN_MS = 10_000;
const LOOK_EVERY_MS = 200;
const NEVER_READ: DeadLetterCode = 'REFUSED_BY_BROKER';

/** Dead-letter topics that are read together. */
interface Source {
  readonly groupId: string;
  readonly topics: readonly string[];
}

/** Our own together, and each of others by itself: one that is missing, forbidden or unreadable keeps up no other. */
export function deadLetterSources(foreign: readonly string[]): Source[] {
  const own = Object.values(TOPICS).map(deadLetterTopic);
  const others = [...new Set(foreign)].filter((topic) => !own.includes(topic));
  return [
    { groupId: GROUP_ID, topics: own },
    ...others.map((topic) => ({ groupId: `${GROUP_ID}.${topic}`, topics: [topic] })),
  ];
}

interface IndexOptions {
  readonly db: Db;
  readonly kafka: Kafka;
  readonly foreignDeadLetterTopics: readonly string[];
}

/** Keeps the index of dead letters in Postgres up with their topics; what stands against that is said, and tried again. */
export function keepDeadLettersIndexed(
  options: IndexOptions & { readonly metrics: Metrics },
  logger: Logger,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const stopped = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve());
  });

  async function keepIndexed(source: Source): Promise<void> {
    const tell = (problem?: unknown) => {
      for (const topic of source.topics) options.metrics.deadLetterIndexFailing.set({ topic }, problem ? 1 : 0);
    };
    while (!signal.aborted) {
      try {
        const consumer = await indexSource(source, options, logger, tell);
        tell();
        await Promise.race([consumer.failed, stopped]).finally(() => consumer.stop());
      } catch (error) {
        tell(error);
        logger.error({ err: error, topics: source.topics }, 'dead letters are not indexed: starting again');
        await setTimeout(START_AGAIN_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  const running = deadLetterSources(options.foreignDeadLetterTopics).map(keepIndexed);
  return {
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

/**
 * Reads every topic anew, from its beginning to where it ends now: what is wrong or missing in the index is mended. What
 * was decided stays, and so does a dead letter that its topic no longer has: it can still be shown and sent back. A topic that
 * can't be read or indexed is given up, so that this ends; the others are read all the same.
 */
export async function rebuildDeadLetterIndex(options: IndexOptions, logger: Logger): Promise<void> {
  const groupId = `dead-letter-rebuild-${randomUUID()}`;
  const topics = deadLetterSources(options.foreignDeadLetterTopics).flatMap((source) => source.topics);
  const outcomes = await Promise.allSettled(
    topics.map((topic) => readToItsEnd(topic, `${groupId}.${topic}`, options, logger)),
  );
  const failed = topics.flatMap((topic, at) => {
    const outcome = outcomes[at];
    return outcome?.status === 'rejected' ? [{ topic, reason: outcome.reason as unknown }] : [];
  });
  if (failed.length === 0) return;
  const named = failed.map(({ topic, reason }) => `${topic} (${inShort(reason)})`);
  throw new AggregateError(
    failed.map(({ reason }) => reason),
    `not read to their ends: ${named.join(', ')}`,
  );
}

/** Whatever else an error says is in the log. */
function inShort(problem: unknown): string {
  const { code } = safeError(problem);
  return code ?? safeMessage(problem);
}

async function readToItsEnd(topic: string, groupId: string, options: IndexOptions, logger: Logger): Promise<void> {
  const admin = await options.kafka.admin();
  try {
    const ends = new Map<number, number>();
    for (const { partition, committed, lag } of await admin.lag(groupId, topic))
      if (lag > 0) ends.set(partition, Number(committed) + lag);
    if (ends.size === 0) return;
    const isThere = async () => {
      const positions = await admin.lag(groupId, topic);
      return positions.every(({ partition, committed }) => Number(committed) >= (ends.get(partition) ?? 0));
    };
    let problem: unknown;
    const consumer = await indexSource({ groupId, topics: [topic] }, options, logger, (told) => {
      problem ??= told;
    });
    consumer.failed.catch((error: unknown) => {
      problem ??= error;
    });
    try {
      while (!(await isThere())) {
        if (problem !== undefined) throw problem;
        await setTimeout(LOOK_EVERY_MS);
      }
    } finally {
      await consumer.stop();
    }
  } finally {
    await admin.close();
  }
}

/** `tell` hears of each problem, and by a call without one that it is over; what could not be indexed is tried again. */
function indexSource(
  { groupId, topics }: Source,
  { kafka, db }: IndexOptions,
  logger: Logger,
  tell: (problem?: unknown) => void,
): Promise<KafkaConsumer> {
  return kafka.consume({
    groupId,
    topics,
    partitionsAtOnce: 1,
    onUnreadable: () => tell(new Error("a batch can't be read")),
    async onBatch(batch) {
      const last = batch.records.at(-1);
      if (!last) return;
      try {
        await index(db, batch.records, logger);
        await batch.commitThrough(last.offset);
        tell();
      } catch (error) {
        tell(error);
        logger.error({ err: error, topic: batch.topic }, 'dead letters could not be indexed');
        batch.pause(PAUSE_MS);
      }
    },
  });
}

async function index(db: Db, records: readonly IncomingRecord[], logger: Logger): Promise<void> {
  try {
    await indexDeadLetters(db, records.map(indexedDeadLetter));
  } catch (error) {
    if (!refusalState(error)) throw error;
    for (const record of records) await indexByItself(db, record, logger);
  }
}

/**
 * One that the database won't hold as it is: what can be shown and put aside is its place, key and value. The words of
 * the refusal may quote the dead letter, and are not told.
 */
async function indexByItself(db: Db, record: IncomingRecord, logger: Logger): Promise<void> {
  const deadLetter = indexedDeadLetter(record);
  try {
    await indexDeadLetters(db, [deadLetter]);
  } catch (error) {
    const sqlState = refusalState(error);
    if (!sqlState) throw error;
    const { topic, partition, offset } = record;
    logger.error({ topic, partition, offset, sqlState }, 'a dead letter is indexed by place, key and value alone');
    await indexDeadLetters(db, [bare(deadLetter)]);
  }
}

function bare({ topic, partition, offset, deadAt, key, value }: IndexedDeadLetter): IndexedDeadLetter {
  return {
    ...{ topic, partition, offset, deadAt, key, value },
    originTopic: topicBefore(topic),
    originPartition: -1,
    originOffset: '-1',
    originAt: null,
    consumerGroup: null,
    code: null,
    message: null,
    headers: {},
    exceptionHeaders: {},
    replayCount: 0,
    decisionId: null,
    eventId: null,
    orderId: null,
    requestId: null,
    turn: null,
  };
}

/** A record of a dead-letter topic as the index has it. */
function indexedDeadLetter(record: IncomingRecord): IndexedDeadLetter {
  const deadLetter = keepable(decodeDeadLetter(record));
  const { original, code, message, group, replayCount, decisionId, turn, exceptionHeaders } = deadLetter;
  const { topic, partition, offset } = record;
  const originTopic = original.topic || topicBefore(topic);
  // Of a replay another group may have its own opinion, which is not what the replay has come to.
  const reader = CONSUMED.find((consumed) => consumed.topic === originTopic)?.groupId;
  const isOurs = reader === undefined || reader === group || code === NEVER_READ;
  return {
    topic,
    partition,
    offset,
    deadAt: recordTime(record.timestamp) ?? new Date(0),
    originTopic,
    originPartition: original.partition,
    originOffset: original.offset,
    originAt: recordTime(original.timestamp) ?? null,
    consumerGroup: group ?? null,
    code: code ?? null,
    message: storable(message) ?? null,
    key: original.key,
    value: original.value,
    headers: base64Headers(original.headers),
    exceptionHeaders: base64Headers(exceptionHeaders),
    replayCount: Number.isSafeInteger(replayCount) && replayCount >= 0 && replayCount < 1e9 ? replayCount : 0,
    decisionId: (isOurs && decisionId) || null,
    turn: (isOurs && turn) || null,
    ...subjectOf(originTopic, original.value),
  };
}

/** What says nothing of where it came from came from the topic that its own is named after. */
const topicBefore = (topic: string) => topic.replace(/(\.DLT|[-.]dlt)$/, '');

/** Postgres' text holds no U+0000. */
const storable = (text: string | undefined): string | undefined => text?.replaceAll('\u0000', '');
