import type { OrderProcessingEvent } from '../contracts/events';
import type { RecordPosition, TextHeaders } from '../contracts/record';
import type { FailureCause } from '../domain/failure';
import type { OrderStatus } from '../domain/order-status';
import type { DbOrTrx, Trx } from './connection';
import { callFunction } from './functions';

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

/** Where the order's latest request sends it; undefined: nobody has said so yet. */
export async function latestDelivery(
  db: DbOrTrx,
  orderId: number,
): Promise<Pick<KeptEvent['requestDto'], 'shipment' | 'warehouseStorage'> | undefined> {
  const latest = (await db('processing_requests')
    .where({ order_id: orderId })
    .orderBy('created_at', 'desc')
    .first('event')) as { readonly event: KeptEvent } | undefined;
  return latest?.event.requestDto;
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

/** How long ago the customer asked for what this request, or the one that it retries, asks for; undefined: that is not known. */
export async function msSinceRequested(
  db: DbOrTrx,
  { orderId, eventId }: Pick<RequestKey, 'orderId' | 'eventId'>,
): Promise<number | undefined> {
  const row = (await db('processing_requests')
    .where(keyOf({ orderId, eventId, retryCount: 0 }))
    .first(db.raw('(extract(epoch from clock_timestamp() - created_at) * 1000)::float8 as ms'))) as
    | { ms: number }
    | undefined;
  return row?.ms;
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

interface TakenRequest {
  readonly orderStatus: OrderStatus;
  readonly state: RequestState;
  /** Why it has ended. */
  readonly reason: string | null;
  /** Its workflow has it, and had not begun it when that was noted. */
  readonly isSignalled: boolean;
}

/** A record's own bytes, as JSON takes them: Base64. */
export interface RecordBytes {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: TextHeaders;
}

/** Saves and notes what came by a record, before its workflow has it; returns how the request is. Undefined: no such order. */
export async function takeRequestRecord(
  db: DbOrTrx,
  { event, record, bytes }: { readonly event: KeptEvent; readonly record: RecordPosition; readonly bytes: RecordBytes },
): Promise<TakenRequest | undefined> {
  const { orderId, eventId, retryCount } = event;
  const input = { orderId, eventId, retryCount, event, record, bytes };
  return (await callFunction<TakenRequest | null>(db, 'take_request_record', input)) ?? undefined;
}

/**
 * Notes that workflows have these requests, so that they are not taken for lost while they wait there. One that has begun
 * needs no such note, nor does one that is locked: it begins or ends just now.
 */
export async function markSignalled(db: DbOrTrx, keys: readonly RequestKey[]): Promise<void> {
  await db.raw(
    `with waiting as (
       select r.order_id, r.event_id, r.retry_count from processing_requests r
       join unnest(:orders::bigint[], :events::text[], :retries::integer[]) as k (order_id, event_id, retry_count)
         using (order_id, event_id, retry_count)
       where r.state = 'PENDING' and r.signalled_at is null
       for no key update of r skip locked)
     update processing_requests r set signalled_at = now() from waiting w
     where r.order_id = w.order_id and r.event_id = w.event_id and r.retry_count = w.retry_count`,
    {
      orders: keys.map(({ orderId }) => orderId),
      events: keys.map(({ eventId }) => eventId),
      retries: keys.map(({ retryCount }) => retryCount),
    },
  );
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
