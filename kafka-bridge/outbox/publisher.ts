import { deadLetterTopic, encodeDeadLetter } from '../../contracts/dead-letters';
import type { HeldBack, StoredOutboxRow } from '../../db/outbox';
import type { Logger } from '../../observability/logger';
import {
  type KafkaProducer,
  type OutgoingRecord,
  RecordRefusedError,
  TopicUnavailableError,
} from '../client/kafka-port';
import { type KafkaReach, LATELY_MS } from './kafka-reach';

/** Below the broker's limit of 1 MiB for a batch of one partition, even if all keys are of one partition. */
const CHUNK_BYTES = 768 * 1024;
const REFUSED_MS = 60_000;
const FIRST_GAP_MS = 500;
const LONGEST_GAP_MS = 5_000;
/** Where other topics fail too, this topic alone is not to blame. */
const NO_RESPONSE = 'NO_RESPONSE';

/** Rows of a chunk that are missing here are held back, or the lease may be over. */
export interface Published {
  readonly ids: number[];
  /** How many of `ids` went to the dead letters instead. */
  readonly dead: number;
}

/** A topic that takes nothing now. */
interface Unavailable {
  /** It is not tried until then, and for `gapMs` the next time. */
  readonly until: number;
  readonly gapMs: number;
  readonly since: number;
  readonly failedAt: number;
  readonly code: string;
}

/** Cuts rows into chunks that are sent at once, in order; a row larger than a chunk is sent alone. */
export function intoChunks(rows: readonly StoredOutboxRow[]): StoredOutboxRow[][] {
  const chunks: StoredOutboxRow[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const size =
      Buffer.byteLength(row.value) +
      (row.raw?.value?.length ?? 0) +
      Buffer.byteLength(JSON.stringify(row.headers)) +
      row.key.length;
    if (bytes + size > CHUNK_BYTES) {
      chunks.push([]);
      bytes = 0;
    }
    chunks.at(-1)?.push(row);
    bytes += size;
  }
  return chunks;
}

/** Sends rows so that those of one topic and key never overtake each other; a row that cannot be sent holds back only its own topic or key. */
export class OutboxPublisher {
  private readonly unavailable = new Map<string, Unavailable>();
  /** Keys that are held back behind a row which the broker refuses. */
  private readonly parked = new Map<string, { readonly topic: string; readonly key: string; readonly until: number }>();

  constructor(
    private readonly producer: KafkaProducer,
    private readonly reach: KafkaReach,
    private readonly logger: Logger,
  ) {}

  /** The topics and keys whose rows are not to be read now. */
  heldBack(): HeldBack {
    const now = Date.now();
    for (const [id, { until }] of this.parked) if (until <= now) this.parked.delete(id);
    return {
      topics: [...this.unavailable].filter(([, { until }]) => until > now).map(([topic]) => topic),
      keys: [...this.parked.values()],
    };
  }

  /** Topics that have taken nothing for so long until now, with the code of the failure. */
  failingTopics(forMs: number): { readonly topic: string; readonly code: string }[] {
    const now = Date.now();
    return [...this.unavailable]
      .filter(([, { since, failedAt }]) => now - since >= forMs && now - failedAt < LATELY_MS)
      .filter(([, { code }]) => code !== NO_RESPONSE || !this.reach.isFailing())
      .map(([topic, { code }]) => ({ topic, code }));
  }

  /** Call it with rows of one topic that are not held back; `mayGoOn` is asked before each attempt to send. */
  async publish(rows: readonly StoredOutboxRow[], mayGoOn: () => boolean): Promise<Published> {
    const [first] = rows;
    if (!first || !mayGoOn()) return { ids: [], dead: 0 };
    const failed = await this.trySend(first.topic, rows.map(toRecord));
    if (failed === undefined) return { ids: rows.map(({ id }) => id), dead: 0 };
    if (failed instanceof RecordRefusedError) return this.publishOneByOne(rows, mayGoOn);
    this.holdBack(first.topic, failed);
    return { ids: [], dead: 0 };
  }

  private async publishOneByOne(rows: readonly StoredOutboxRow[], mayGoOn: () => boolean): Promise<Published> {
    const ids: number[] = [];
    let dead = 0;
    for (const row of rows) {
      if (!mayGoOn()) break;
      if (this.parked.has(idOf(row))) continue;
      const failed = await this.trySend(row.topic, [toRecord(row)]);
      if (failed instanceof RecordRefusedError) {
        if (!(await this.publishDeadLetter(row, failed))) continue;
        ids.push(row.id);
        dead += 1;
      } else if (failed !== undefined) {
        this.holdBack(row.topic, failed);
        break;
      } else ids.push(row.id);
    }
    return { ids, dead };
  }

  /** Returns the error if it failed. */
  private async trySend(topic: string, records: readonly OutgoingRecord[]): Promise<unknown> {
    const begunAt = performance.now();
    try {
      await this.producer.send(topic, records);
      this.reach.succeeded();
      this.unavailable.delete(topic);
      return undefined;
    } catch (error) {
      if (!isAboutTopic(error)) this.reach.failed(begunAt);
      return error;
    }
  }

  private holdBack(topic: string, error: unknown): void {
    const before = this.unavailable.get(topic);
    const gapMs = Math.min(LONGEST_GAP_MS, (before?.gapMs ?? FIRST_GAP_MS / 2) * 2);
    const failedAt = Date.now();
    const code = error instanceof TopicUnavailableError ? error.code : NO_RESPONSE;
    this.unavailable.set(topic, {
      until: failedAt + gapMs,
      gapMs,
      since: before && failedAt - before.failedAt < LATELY_MS ? before.since : failedAt,
      failedAt,
      code,
    });
    this.logger.warn({ topic, gapMs, code, err: error }, 'a topic takes nothing now: its rows wait');
  }

  /** A row that the broker will never take goes to the dead letters; false: not even there, so its key is parked. */
  private async publishDeadLetter(row: StoredOutboxRow, refusal: RecordRefusedError): Promise<boolean> {
    const fields = { outboxId: row.id, topic: row.topic, key: row.key, code: refusal.code };
    const { key, value, headers } = toRecord(row);
    const original = {
      topic: row.topic,
      partition: -1,
      offset: '-1',
      timestamp: String(row.createdAt.getTime()),
      key: key === null ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
      headers,
    };
    const deadLetter = encodeDeadLetter(original, { code: 'REFUSED_BY_BROKER', message: refusal.code });
    const failed = await this.trySend(deadLetterTopic(row.topic), [deadLetter]);
    if (failed === undefined) {
      this.logger.error(fields, 'the broker refuses an outbox row: it is in the dead letters');
      return true;
    }
    this.parked.set(idOf(row), { topic: row.topic, key: row.key, until: Date.now() + REFUSED_MS });
    this.logger.error(
      { ...fields, err: failed },
      'the broker refuses an outbox row and its dead letter: its key waits',
    );
    return false;
  }
}

/** The broker has responded, and not because of our permissions. */
const isAboutTopic = (error: unknown) =>
  error instanceof RecordRefusedError ||
  (error instanceof TopicUnavailableError && error.code !== 'TOPIC_AUTHORIZATION_FAILED');

const idOf = ({ topic, key }: StoredOutboxRow) => JSON.stringify([topic, key]);

function toRecord(row: StoredOutboxRow) {
  const bytesOf = (base64: string | null) => (base64 === null ? null : Buffer.from(base64, 'base64'));
  return {
    key: row.raw ? bytesOf(row.raw.key) : row.key,
    value: row.raw ? bytesOf(row.raw.value) : row.value,
    headers: Object.fromEntries(
      Object.entries(row.headers).map(([name, content]) => [
        name,
        typeof content === 'string' ? [Buffer.from(content)] : [content].flat().map(({ base64 }) => bytesOf(base64)),
      ]),
    ),
  } satisfies OutgoingRecord;
}
