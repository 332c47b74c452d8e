import { encodeDeadLetter } from '../contracts/dead-letters';
import { deadLetterTopic } from '../contracts/topics';
import type { HeldBack, StoredOutboxRow } from '../db/outbox';
import type { Logger } from '../observability/logger';
import { type KafkaProducer, type OutgoingRecord, RecordRefusedError } from './kafka-port';

/** Below the broker's limit of 1 MiB a batch of one partition, whatever the keys. */
const CHUNK_BYTES = 768 * 1024;
const REFUSED_MS = 60_000;
const FIRST_GAP_MS = 500;
const LONGEST_GAP_MS = 5_000;

/** What is missing of a chunk is held back, or the lease may be over. */
export interface Published {
  readonly ids: number[];
  /** Rows given to the dead letters instead, among `ids`. */
  readonly dead: number;
}

/** Cuts rows into what is sent at once, in order; a row larger than a chunk goes alone. */
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

/** Sends rows so that those of one topic and key never overtake each other; what cannot be sent holds back only its own topic or key. */
export class OutboxPublisher {
  /** Topics that take nothing now: until when they are left alone, and for how long the next time. */
  private readonly unavailable = new Map<string, { readonly until: number; readonly gapMs: number }>();
  /** Keys of a topic held back behind a row that nobody takes now. */
  private readonly parked = new Map<string, { readonly topic: string; readonly key: string; readonly until: number }>();

  constructor(
    private readonly producer: KafkaProducer,
    private readonly logger: Logger,
  ) {}

  /** What is not to be read now. */
  heldBack(): HeldBack {
    const now = Date.now();
    for (const [id, { until }] of this.parked) if (until <= now) this.parked.delete(id);
    return {
      topics: [...this.unavailable].filter(([, { until }]) => until > now).map(([topic]) => topic),
      keys: [...this.parked.values()],
    };
  }

  /** Call it with rows that are not held back; `mayGoOn` is asked before each attempt to send. */
  async publish(chunk: readonly StoredOutboxRow[], mayGoOn: () => boolean): Promise<Published> {
    try {
      await this.producer.send(chunk.map(toRecord));
      for (const { topic } of chunk) this.unavailable.delete(topic);
      return { ids: chunk.map(({ id }) => id), dead: 0 };
    } catch (error) {
      const topics = new Set(chunk.map(({ topic }) => topic));
      return topics.size === 1 ? this.afterFailure(chunk, error, mayGoOn) : this.publishByTopic(chunk, mayGoOn);
    }
  }

  /** One topic after the other: which of them takes nothing is not known of a batch of several. */
  private async publishByTopic(chunk: readonly StoredOutboxRow[], mayGoOn: () => boolean): Promise<Published> {
    const ids: number[] = [];
    let dead = 0;
    for (const topic of new Set(chunk.map((row) => row.topic))) {
      if (!mayGoOn()) break;
      const published = await this.publish(
        chunk.filter((row) => row.topic === topic),
        mayGoOn,
      );
      ids.push(...published.ids);
      dead += published.dead;
    }
    return { ids, dead };
  }

  private async afterFailure(
    rows: readonly StoredOutboxRow[],
    error: unknown,
    mayGoOn: () => boolean,
  ): Promise<Published> {
    if (error instanceof RecordRefusedError) return this.publishOneByOne(rows, mayGoOn);
    for (const topic of new Set(rows.map((row) => row.topic))) this.holdBack(topic, error);
    return { ids: [], dead: 0 };
  }

  private async trySend(rows: readonly StoredOutboxRow[]): Promise<unknown> {
    try {
      await this.producer.send(rows.map(toRecord));
      return undefined;
    } catch (error) {
      return error;
    }
  }

  private async publishOneByOne(rows: readonly StoredOutboxRow[], mayGoOn: () => boolean): Promise<Published> {
    const ids: number[] = [];
    let dead = 0;
    for (const row of rows) {
      if (!mayGoOn()) break;
      if (this.parked.has(idOf(row))) continue;
      const failed = await this.trySend([row]);
      if (failed instanceof RecordRefusedError) {
        if (!(await this.bury(row, failed))) continue;
        ids.push(row.id);
        dead += 1;
      } else if (failed !== undefined) {
        this.holdBack(row.topic, failed);
        break;
      } else ids.push(row.id);
    }
    return { ids, dead };
  }

  private holdBack(topic: string, error: unknown): void {
    const gapMs = Math.min(LONGEST_GAP_MS, (this.unavailable.get(topic)?.gapMs ?? FIRST_GAP_MS / 2) * 2);
    this.unavailable.set(topic, { until: Date.now() + gapMs, gapMs });
    this.logger.warn({ topic, gapMs, err: error }, 'a topic takes nothing now: its rows wait');
  }

  /** A row that the broker will never take goes to the dead letters; false: not even there, so its key is parked. */
  private async bury(row: StoredOutboxRow, refusal: RecordRefusedError): Promise<boolean> {
    const place = { outboxId: row.id, topic: row.topic, key: row.key, code: refusal.code };
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
    const letter = encodeDeadLetter(original, { code: 'REFUSED_BY_BROKER', message: refusal.code });
    try {
      await this.producer.send([{ topic: deadLetterTopic(row.topic), ...letter }]);
      this.logger.error(place, 'the broker refuses an outbox row: it is in the dead letters');
      return true;
    } catch (error) {
      this.parked.set(idOf(row), { topic: row.topic, key: row.key, until: Date.now() + REFUSED_MS });
      this.logger.error(
        { ...place, err: error },
        'the broker refuses an outbox row and its dead letter: its key waits',
      );
      return false;
    }
  }
}

const idOf = ({ topic, key }: StoredOutboxRow) => JSON.stringify([topic, key]);

function toRecord(row: StoredOutboxRow) {
  const bytesOf = (base64: string | null) => (base64 === null ? null : Buffer.from(base64, 'base64'));
  return {
    topic: row.topic,
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
