import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { deadLetterTopic } from '../../contracts/dead-letters';
import type { Db } from '../../db/connection';
import type { Logger } from '../../observability/logger';
import type { Metrics } from '../../observability/metrics';
import { safeError, safeMessage } from '../../observability/safe-error';
import type { Kafka, KafkaConsumer } from '../client/kafka-port';
import { index } from './indexed-dead-letter';
import type { RecordRules } from './record-rules';

const GROUP_ID = 'dead-letter-group';
const PAUSE_MS = 2_000;
const START_AGAIN_MS = 10_000;
const CHECK_EVERY_MS = 200;

/** Dead-letter topics that are read together. */
interface Source {
  readonly groupId: string;
  readonly topics: readonly string[];
}

/** Our own topics together, and each of other systems by itself: one that is missing, forbidden or unreadable delays no other. */
export function deadLetterSources(options: Pick<IndexOptions, 'records' | 'foreignDeadLetterTopics'>): Source[] {
  const own = options.records.topics.map(deadLetterTopic);
  const others = [...new Set(options.foreignDeadLetterTopics)].filter((topic) => !own.includes(topic));
  return [
    { groupId: GROUP_ID, topics: own },
    ...others.map((topic) => ({ groupId: `${GROUP_ID}.${topic}`, topics: [topic] })),
  ];
}

interface IndexOptions {
  readonly db: Db;
  readonly kafka: Kafka;
  readonly records: RecordRules;
  readonly foreignDeadLetterTopics: readonly string[];
}

/** Keeps the index of dead letters in Postgres up to date with their topics; a failure is measured, logged and tried again. */
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
    const report = (problem?: unknown) => {
      for (const topic of source.topics) options.metrics.deadLetterIndexFailing.set({ topic }, problem ? 1 : 0);
    };
    while (!signal.aborted) {
      try {
        const consumer = await indexSource(source, options, logger, report);
        report();
        await Promise.race([consumer.failed, stopped]).finally(() => consumer.stop());
      } catch (error) {
        report(error);
        logger.error({ err: error, topics: source.topics }, 'dead letters are not indexed: starting again');
        await setTimeout(START_AGAIN_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  const running = deadLetterSources(options).map(keepIndexed);
  return {
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

/**
 * Reads every topic again, from its beginning to its present end, and corrects the index. Decisions stay, and so does a dead
 * letter that its topic no longer has: it can still be shown and sent back. A topic that can't be read or indexed is given
 * up, so that this ends; the others are read all the same.
 */
export async function rebuildDeadLetterIndex(options: IndexOptions, logger: Logger): Promise<void> {
  const groupId = `dead-letter-rebuild-${randomUUID()}`;
  const topics = deadLetterSources(options).flatMap((source) => source.topics);
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

/** The rest of the error is in the log. */
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
    const isAtEnd = async () => {
      const positions = await admin.lag(groupId, topic);
      return positions.every(({ partition, committed }) => Number(committed) >= (ends.get(partition) ?? 0));
    };
    let problem: unknown;
    const consumer = await indexSource({ groupId, topics: [topic] }, options, logger, (reported) => {
      problem ??= reported;
    });
    consumer.failed.catch((error: unknown) => {
      problem ??= error;
    });
    try {
      while (!(await isAtEnd())) {
        if (problem !== undefined) throw problem;
        await setTimeout(CHECK_EVERY_MS);
      }
    } finally {
      await consumer.stop();
    }
  } finally {
    await admin.close();
  }
}

/** `report` is called with each problem, and without one when it is over; what could not be indexed is tried again. */
function indexSource(
  { groupId, topics }: Source,
  { kafka, db, records }: IndexOptions,
  logger: Logger,
  report: (problem?: unknown) => void,
): Promise<KafkaConsumer> {
  return kafka.consume({
    groupId,
    topics,
    partitionsAtOnce: 1,
    onUnreadable: () => report(new Error("a batch can't be read")),
    async onBatch(batch) {
      const last = batch.records.at(-1);
      if (!last) return;
      try {
        await index(db, records, batch.records, logger);
        await batch.commitThrough(last.offset);
        report();
      } catch (error) {
        report(error);
        logger.error({ err: error, topic: batch.topic }, 'dead letters could not be indexed');
        batch.pause(PAUSE_MS);
      }
    },
  });
}
