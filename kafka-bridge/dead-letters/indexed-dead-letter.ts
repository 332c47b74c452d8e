import { type DeadLetterCode, decodeDeadLetter } from '../../contracts/dead-letters';
import { base64Headers } from '../../contracts/record';
import type { Db } from '../../db/connection';
import { type IndexedDeadLetter, indexDeadLetters } from '../../db/dead-letter-index';
import { refusalState } from '../../db/refusal';
import type { Logger } from '../../observability/logger';
import type { IncomingRecord } from '../client/kafka-port';
import { recordTime } from '../consumers/event-time';
import type { RecordRules } from './record-rules';

const NEVER_READ: DeadLetterCode = 'REFUSED_BY_BROKER';

/** Indexes records of a dead-letter topic. */
export async function index(
  db: Db,
  rules: RecordRules,
  records: readonly IncomingRecord[],
  logger: Logger,
): Promise<void> {
  const deadLetters = records.map((record) => indexedDeadLetter(record, rules));
  try {
    await indexDeadLetters(db, deadLetters);
  } catch (error) {
    if (!refusalState(error)) throw error;
    for (const deadLetter of deadLetters) await indexByItself(db, deadLetter, logger);
  }
}

/**
 * A dead letter that the database refuses is indexed by its position, key and value: that is enough to show and discard
 * it. The refusal's message may quote the dead letter, and is not logged.
 */
async function indexByItself(db: Db, deadLetter: IndexedDeadLetter, logger: Logger): Promise<void> {
  try {
    await indexDeadLetters(db, [deadLetter]);
  } catch (error) {
    const sqlState = refusalState(error);
    if (!sqlState) throw error;
    const { topic, partition, offset } = deadLetter;
    logger.error({ topic, partition, offset, sqlState }, 'a dead letter is indexed by position, key and value only');
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
    releaseToken: null,
  };
}

/** A record of a dead-letter topic as the index has it. */
function indexedDeadLetter(record: IncomingRecord, rules: RecordRules): IndexedDeadLetter {
  const deadLetter = rules.keepable(decodeDeadLetter(record));
  const { original, code, message, group, replayCount, decisionId, releaseToken, exceptionHeaders } = deadLetter;
  const { topic, partition, offset } = record;
  const originTopic = original.topic || topicBefore(topic);
  // A dead letter of another group is not the outcome of our replay.
  const reader = rules.groupOf(originTopic);
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
    releaseToken: (isOurs && releaseToken) || null,
    ...rules.subjectOf(originTopic, original.value),
  };
}

/** Without a header that names its topic, a dead letter is from the topic after which its own is named. */
const topicBefore = (topic: string) => topic.replace(/(\.DLT|[-.]dlt)$/, '');

/** Postgres' text holds no U+0000. */
const storable = (text: string | undefined): string | undefined => text?.replaceAll('\u0000', '');
