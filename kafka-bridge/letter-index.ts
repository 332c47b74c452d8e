import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { base64Headers, decodeDeadLetter } from '../contracts/dead-letters';
import { subjectOf } from '../contracts/record-subject';
import { deadLetterTopic, TOPICS } from '../contracts/topics';
import type { Db } from '../db/connection';
import { emptyLetterIndex, type IndexedLetter, indexLetters } from '../db/dead-letters';
import type { Logger } from '../observability/logger';
import type { IncomingRecord, Kafka, KafkaConsumer } from './kafka-port';

const GROUP_ID = 'dead-letter-group';
const PAUSE_MS = 2_000;
const LOOK_EVERY_MS = 200;

/** The dead-letter topics that are indexed: our own, and those of others. */
function deadLetterTopics(foreign: readonly string[]): string[] {
  return [...new Set([...Object.values(TOPICS).map(deadLetterTopic), ...foreign])];
}

interface IndexOptions {
  readonly db: Db;
  readonly kafka: Kafka;
  readonly foreignDeadLetterTopics: readonly string[];
}

/** Keeps the index of dead letters in Postgres up with their topics. */
export function indexDeadLetters(options: IndexOptions, logger: Logger, groupId = GROUP_ID): Promise<KafkaConsumer> {
  return options.kafka.consume({
    groupId,
    topics: deadLetterTopics(options.foreignDeadLetterTopics),
    partitionsAtOnce: 1,
    async onBatch(batch) {
      const last = batch.records.at(-1);
      if (!last) return;
      try {
        await indexLetters(options.db, batch.records.map(indexedLetter));
        await batch.commitThrough(last.offset);
      } catch (error) {
        logger.warn({ err: error, topic: batch.topic }, 'dead letters could not be indexed: trying again');
        batch.pause(PAUSE_MS);
      }
    },
  });
}

/** Empties the index and reads every topic anew, from its beginning to where it ends now; what was decided stays. */
export async function rebuildLetterIndex(options: IndexOptions, logger: Logger): Promise<void> {
  const groupId = `dead-letter-rebuild-${randomUUID()}`;
  const topics = deadLetterTopics(options.foreignDeadLetterTopics);
  await emptyLetterIndex(options.db);
  const admin = await options.kafka.admin();
  const consumer = await indexDeadLetters(options, logger, groupId);
  try {
    const behind = async () => {
      const lags = await Promise.all(topics.map((topic) => admin.lag(groupId, topic)));
      return lags.flat().some(({ lag }) => lag > 0);
    };
    while (await Promise.race([behind(), consumer.failed])) await setTimeout(LOOK_EVERY_MS);
  } finally {
    await consumer.stop();
    await admin.close();
  }
}

/** A record of a dead-letter topic as the index has it. */
function indexedLetter(record: IncomingRecord): IndexedLetter {
  const { original, code, message, group, replayCount, decisionId } = decodeDeadLetter(record);
  const { topic, partition, offset } = record;
  return {
    topic,
    partition,
    offset,
    deadAt: timeOf(record.timestamp) ?? new Date(0),
    // What says nothing of where it came from came from the topic that its own is named after.
    originTopic: original.topic || topic.replace(/(\.DLT|[-.]dlt)$/, ''),
    originPartition: original.partition,
    originOffset: original.offset,
    originAt: timeOf(original.timestamp) ?? null,
    consumerGroup: group ?? null,
    code: code ?? null,
    message: storable(message) ?? null,
    key: original.key,
    value: original.value,
    headers: base64Headers(original.headers),
    replayCount: Number.isSafeInteger(replayCount) && replayCount >= 0 && replayCount < 1e9 ? replayCount : 0,
    decisionId: decisionId ?? null,
    ...subjectOf(original.topic, original.value),
  };
}

/** Postgres' text holds no U+0000. */
const storable = (text: string | undefined): string | undefined => text?.replaceAll('\u0000', '');

function timeOf(timestamp: string): Date | undefined {
  const ms = Number(timestamp);
  return Number.isSafeInteger(ms) && ms >= 0 && ms <= 8.64e15 ? new Date(ms) : undefined;
}
