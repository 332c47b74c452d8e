import type { OrderProcessingEvent } from '../contracts/events';
import type { RecordPosition, TextHeaders } from '../contracts/record';
import type { FailureCause } from '../domain/failure';
import type { OrderStatus } from '../domain/order-status';
import type { Db, DbOrTrx, Trx } from './connection';

/** A request to pay and ship, known by (orderId, eventId, retryCount). */
export interface RequestKey {
  readonly orderId: number;
  readonly eventId: string;
  readonly retryCount: number;
}

export type RequestState = 'PENDING' | 'RUNNING' | 'DONE' | 'FAILED' | 'SKIPPED' | 'REPLACED';

/** An event as it is kept: once its request has ended, the database has erased its token. */
export interface KeptEvent extends Omit<OrderProcessingEvent, 'requestDto'> {
  readonly requestDto: Omit<OrderProcessingEvent['requestDto'], 'paymentRequest'> & {
    readonly paymentRequest: { readonly method: 'CARD'; readonly token?: string };
  };
}

export interface ProcessingRequest extends RequestKey {
  readonly state: RequestState;
  readonly attempt: number | null;
  /** Why its attempt has failed, so that it can only be undone; null: it has not. */
  readonly failure: FailureCause | null;
  readonly event: KeptEvent;
  /** The position of the request's Kafka record; null until the bridge has seen it. */
  readonly record: RecordPosition | null;
}

const keyOf = (key: RequestKey) => ({ order_id: key.orderId, event_id: key.eventId, retry_count: key.retryCount });

/** Saves a request as PENDING; false: it was there already. */
export async function insertRequest(
  db: DbOrTrx,
  event: KeptEvent,
  source: 'api' | 'retry' | 'kafka',
): Promise<boolean> {
  const rows = await db('processing_requests')
    .insert({ ...keyOf(event), source, event: JSON.stringify(event) })
    .onConflict(['order_id', 'event_id', 'retry_count'])
    .ignore()
    .returning('event_id');
  return rows.length > 0;
}

export async function findRequest(db: DbOrTrx, key: RequestKey): Promise<ProcessingRequest | undefined> {
  return (await db('processing_requests')
    .select(
      { orderId: 'order_id', eventId: 'event_id', retryCount: 'retry_count' },
      'state',
      'attempt',
      'failure',
      'event',
      'record',
    )
    .where(keyOf(key))
    .first()) as ProcessingRequest | undefined;
}

/** The request that an attempt serves; undefined: none has been accepted as this attempt. */
export async function requestOfAttempt(
  db: DbOrTrx,
  { orderId, attempt }: { readonly orderId: number; readonly attempt: number },
): Promise<{ readonly state: RequestState } | undefined> {
  return (await db('processing_requests').where({ order_id: orderId, attempt }).first('state')) as
    | { state: RequestState }
    | undefined;
}

interface RequestStanding {
  readonly orderStatus: OrderStatus;
  /** Null: no such request is saved. */
  readonly state: RequestState | null;
  /** Why it has ended. */
  readonly reason: string | null;
  /** The record that it came by is noted. */
  readonly isNoted: boolean;
  /** Its workflow has it. */
  readonly signalled: boolean;
}

/** What the bridge must know before it signals; undefined: no such order. */
export async function requestStanding(db: Db, key: RequestKey): Promise<RequestStanding | undefined> {
  return (await db('orders')
    .leftJoin('processing_requests as r', (join) =>
      join.on('r.order_id', 'orders.id').andOnVal('r.event_id', key.eventId).andOnVal('r.retry_count', key.retryCount),
    )
    .where('orders.id', key.orderId)
    .first(
      'orders.status as orderStatus',
      'r.state',
      'r.reason',
      db.raw('r.record is not null as "isNoted"'),
      db.raw('r.signalled_at is not null as signalled'),
    )) as RequestStanding | undefined;
}

/** A record's own bytes, as JSON takes them: Base64. */
export interface RecordBytes {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: TextHeaders;
}

/**
 * Notes which record a request came by, the first of several, before its workflow has the request: from then on it may
 * end as a dead letter, whatever becomes of the bridge. The bytes are kept while it may, for they hold its token.
 */
export async function noteRecord(db: Db, key: RequestKey, record: RecordPosition, bytes: RecordBytes): Promise<void> {
  await db('processing_requests')
    .where(keyOf(key))
    .whereNull('record')
    .update({
      record: JSON.stringify(record),
      record_bytes: db.raw(`case when state in ('PENDING', 'RUNNING') then ?::jsonb end`, [JSON.stringify(bytes)]),
    });
}

/** Remembers that the workflow has the request: a redelivery need not signal again. */
export async function markSignalled(db: Db, key: RequestKey): Promise<void> {
  await db('processing_requests').where(keyOf(key)).whereNull('signalled_at').update({ signalled_at: db.fn.now() });
}

/** The bytes of the record that a request came by; undefined: the bridge has not seen it, or they are erased. */
export async function recordBytesOf(trx: Trx, key: RequestKey): Promise<RecordBytes | undefined> {
  const row = (await trx('processing_requests').where(keyOf(key)).first('record_bytes')) as
    | { record_bytes: RecordBytes | null }
    | undefined;
  return row?.record_bytes ?? undefined;
}

export async function setRequestState(
  trx: DbOrTrx,
  key: RequestKey,
  state: RequestState,
  extra: { attempt?: number; reason?: string } = {},
): Promise<void> {
  await trx('processing_requests')
    .where(keyOf(key))
    .update({ state, ...extra, updated_at: trx.fn.now() });
}

/** The attempt that serves the request can't be settled any more. */
export async function recordFailure(trx: Trx, key: RequestKey, failure: FailureCause): Promise<void> {
  await trx('processing_requests')
    .where(keyOf(key))
    .update({ failure: JSON.stringify(failure) });
}

/** Whether anything asked for before now may still lead to a payment: it stops the clock of the hold. */
export async function hasOpenRequest(trx: DbOrTrx, orderId: number): Promise<boolean> {
  const row: unknown = await trx('processing_requests')
    .where({ order_id: orderId })
    .whereIn('state', ['PENDING', 'RUNNING'])
    .first('event_id');
  return row !== undefined;
}

/** Closes what still waits, and an attempt that a cancel broke off, when the order has ended. */
export async function closeRequests(trx: Trx, orderId: number): Promise<void> {
  await trx.raw('select close_requests(?)', [orderId]);
}

/**
 * A request that comes too late, or for an order that is not payable any more; one that the workflow has taken, or
 * that was signalled to it, stays. Returns whether it was skipped.
 */
export async function skipPendingRequest(db: DbOrTrx, key: RequestKey, reason: string): Promise<boolean> {
  const count = await db('processing_requests')
    .where({ ...keyOf(key), state: 'PENDING' })
    .whereNull('signalled_at')
    .update({ state: 'SKIPPED', reason, updated_at: db.fn.now() });
  return count > 0;
}
