import { encodeDeadLetter } from '../contracts/dead-letters';
import { deadLetterTopic } from '../contracts/topics';
import type { StoredOutboxRow } from '../db/outbox';
import type { Logger } from '../observability/logger';
import { type KafkaProducer, type OutgoingRecord, RecordRefusedError, TopicUnavailableError } from './kafka-port';

/** Below the broker's limit of 1 MiB a batch of one partition, whatever the keys. */
const CHUNK_BYTES = 768 * 1024;
const REFUSED_MS = 60_000;
const AWAY_MS = 1_000;

export interface Published {
  readonly ids: number[];
  /** Rows given to the dead letters instead, among `ids`. */
  readonly dead: number;
  /** Why the rest was not published; undefined: all was, or its keys are held back. */
  readonly error?: unknown;
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

/** Sends rows so that those of one key never overtake each other, and one bad row holds back only its key. */
export class OutboxPublisher {
  /** Keys held back behind a row that nobody takes now, until when. */
  private readonly parked = new Map<string, number>();

  constructor(
    private readonly producer: KafkaProducer,
    private readonly logger: Logger,
  ) {}

  /** The rows whose keys are not held back right now. */
  ready(rows: readonly StoredOutboxRow[]): StoredOutboxRow[] {
    const now = Date.now();
    for (const [key, until] of this.parked) if (until <= now) this.parked.delete(key);
    return rows.filter(({ key }) => !this.parked.has(key));
  }

  /** Call it with rows that are ready; `mayGoOn` is asked before each attempt to send. */
  async publish(chunk: readonly StoredOutboxRow[], mayGoOn: () => boolean): Promise<Published> {
    try {
      await this.producer.send(chunk.map(toRecord));
      return { ids: chunk.map(({ id }) => id), dead: 0 };
    } catch (error) {
      const isAnswer = error instanceof RecordRefusedError || error instanceof TopicUnavailableError;
      return isAnswer ? this.publishOneByOne(chunk, mayGoOn) : { ids: [], dead: 0, error };
    }
  }

  private async publishOneByOne(chunk: readonly StoredOutboxRow[], mayGoOn: () => boolean): Promise<Published> {
    const ids: number[] = [];
    const awayTopics = new Set<string>();
    let dead = 0;
    for (const row of chunk) {
      if (!mayGoOn()) break;
      if (awayTopics.has(row.topic)) this.park(row, AWAY_MS);
      if (this.parked.has(row.key)) continue;
      try {
        await this.producer.send([toRecord(row)]);
        ids.push(row.id);
      } catch (error) {
        if (error instanceof RecordRefusedError) {
          if (!(await this.bury(row, error))) continue;
          ids.push(row.id);
          dead += 1;
        } else if (error instanceof TopicUnavailableError) {
          this.logger.warn({ topic: row.topic, code: error.code }, 'a topic takes nothing now: its keys wait');
          awayTopics.add(row.topic);
          this.park(row, AWAY_MS);
        } else return { ids, dead, error };
      }
    }
    return { ids, dead };
  }

  /** Holds back the row's key, in every topic, so that none of its rows overtakes. */
  private park(row: StoredOutboxRow, ms: number): void {
    this.parked.set(row.key, Date.now() + ms);
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
      this.park(row, REFUSED_MS);
      this.logger.error(
        { ...place, err: error },
        'the broker refuses an outbox row and its dead letter: its key waits',
      );
      return false;
    }
  }
}

function toRecord(row: StoredOutboxRow) {
  const bytesOf = (base64: string) => Buffer.from(base64, 'base64');
  const rawOf = (content: string | null) => (content === null ? null : bytesOf(content));
  return {
    topic: row.topic,
    key: row.raw ? rawOf(row.raw.key) : row.key,
    value: row.raw ? rawOf(row.raw.value) : row.value,
    headers: Object.fromEntries(
      Object.entries(row.headers).map(([name, content]) => [
        name,
        typeof content === 'string' ? [Buffer.from(content)] : [content].flat().map(({ base64 }) => bytesOf(base64)),
      ]),
    ),
  } satisfies OutgoingRecord;
}
