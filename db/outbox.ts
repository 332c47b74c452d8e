import { randomUUID } from 'node:crypto';
import { context, propagation } from '@opentelemetry/api';
import type { TextHeaders } from '../contracts/record';
import type { Db, DbOrTrx } from './connection';

/** Null: a header without a value. */
interface HeaderValue {
  readonly base64: string | null;
}

/** A header is text, or bytes in Base64; several of one name are a list. */
export type OutboxHeader = string | HeaderValue | readonly HeaderValue[];

export interface OutboxRow {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
  readonly headers?: Readonly<Record<string, OutboxHeader>>;
  /** Published no earlier than this; absent: at once. */
  readonly availableAt?: Date;
  /** Published instead of key and value; the key then only determines the row's lane. */
  readonly raw?: RawRecord;
}

/** A record that is not text: bytes in Base64, or null. */
export interface RawRecord {
  readonly key: string | null;
  readonly value: string | null;
}

/** The row that publishes a record byte for byte, with some headers besides its own. */
export function recordRow(
  record: {
    readonly topic: string;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: TextHeaders;
  },
  added: Readonly<Record<string, string>> = {},
): OutboxRow {
  const own = Object.entries(record.headers).map(([name, values]) => [name, values.map((base64) => ({ base64 }))]);
  return {
    topic: record.topic,
    // As text where it is one, so that it is published in one order with the other rows of its key.
    key: record.key?.toString().replaceAll('\u0000', '') ?? randomUUID(),
    value: '',
    raw: { key: record.key?.toString('base64') ?? null, value: record.value?.toString('base64') ?? null },
    headers: { ...Object.fromEntries(own), ...added },
  };
}

export interface StoredOutboxRow {
  readonly id: number;
  readonly topic: string;
  readonly key: string;
  readonly lane: number;
  readonly value: string;
  readonly headers: Readonly<Record<string, OutboxHeader>>;
  readonly raw: RawRecord | null;
  readonly createdAt: Date;
  readonly availableAt: Date;
}

/**
 * Puts rows into the outbox, with the active trace context as headers. Call it after locking the row that `key` names,
 * so that ids of one key follow the order of commits.
 */
export async function addToOutbox(trx: DbOrTrx, rows: readonly OutboxRow[]): Promise<void> {
  if (rows.length === 0) return;
  const trace = traceHeaders();
  await trx('outbox').insert(
    rows.map((row) => ({
      topic: row.topic,
      key: row.key,
      value: row.value,
      headers: JSON.stringify({ ...trace, ...row.headers }),
      ...(row.availableAt ? { available_at: row.availableAt } : {}),
      ...(row.raw ? { raw: JSON.stringify(row.raw) } : {}),
    })),
  );
}

/** The active trace context as a record's headers. */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

/** Topics and keys that are held back now. */
export interface HeldBack {
  readonly topics: readonly string[];
  readonly keys: readonly { readonly topic: string; readonly key: string }[];
}

/** What a relay has published and not yet marked, and what it would publish next. */
export interface RelayTurn {
  readonly published: readonly number[];
  /** Their published rows keep no content. */
  readonly secretTopics: readonly string[];
  readonly lanes: readonly number[];
  readonly heldBack: HeldBack;
  /** At most so many of each topic. */
  readonly limit: number;
}

/** Marks rows as published, and returns those that are due in these lanes, in the order to publish them. */
export async function advanceOutbox(db: Db, turn: RelayTurn): Promise<StoredOutboxRow[]> {
  const { published, secretTopics, lanes, heldBack, limit } = turn;
  const call = db.raw<{ rows: StoredOutboxRow[] }>(
    `select id, topic, key, lane, value, headers, raw, created_at as "createdAt", available_at as "availableAt"
     from advance_outbox(?, ?, ?, ?, ?, ?)`,
    [
      published as number[],
      secretTopics as string[],
      lanes as number[],
      heldBack.topics as string[],
      JSON.stringify(heldBack.keys.map(({ topic, key }) => ({ topic, key }))),
      limit,
    ],
  );
  // Prepared once a connection.
  call.options({ name: 'advance_outbox' });
  return (await call).rows;
}

/** Those of these topics of which a row has been due for so long and is not published. */
export async function topicsBehind(db: Db, topics: readonly string[], olderThanMs: number): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { topic: string }[] }>(
    `select t.topic from unnest(?::text[]) as t (topic) cross join lateral (
       select from outbox o
       where o.topic = t.topic and o.published_at is null
         and o.available_at < clock_timestamp() - ? * interval '1 millisecond'
       order by (o.id + 0) limit 1) overdue`,
    [topics as string[], olderThanMs],
  );
  return rows.map(({ topic }) => topic);
}

/** How many rows wait to be published, and how long the oldest due one has waited, in ms. */
export async function outboxBacklog(db: Db): Promise<{ waiting: number; delayed: number; oldestMs: number }> {
  const row = (await db('outbox')
    .whereNull('published_at')
    .first(
      db.raw('count(*) filter (where available_at <= clock_timestamp()) as waiting'),
      db.raw('count(*) filter (where available_at > clock_timestamp()) as delayed'),
      db.raw(
        `coalesce(extract(epoch from clock_timestamp() - min(available_at) filter (where available_at <= clock_timestamp())) * 1000, 0)::float8 as "oldestMs"`,
      ),
    )) as { waiting: number; delayed: number; oldestMs: number };
  return row;
}

/** The oldest rows that are not published, without their content, which may hold a token or an address. */
export async function oldestUnpublished(
  db: Db,
  limit: number,
): Promise<Pick<StoredOutboxRow, 'id' | 'topic' | 'key' | 'lane' | 'createdAt' | 'availableAt'>[]> {
  return db('outbox')
    .whereNull('published_at')
    .orderBy('id')
    .limit(limit)
    .select('id', 'topic', 'key', 'lane', { createdAt: 'created_at', availableAt: 'available_at' });
}

/** When the next delayed row becomes due; undefined: none waits. */
export async function nextDueAt(db: Db): Promise<Date | undefined> {
  const row = (await db('outbox')
    .whereNull('published_at')
    .where('available_at', '>', db.raw('clock_timestamp()'))
    .min({ at: 'available_at' })
    .first()) as { at: Date | null } | undefined;
  return row?.at ?? undefined;
}
