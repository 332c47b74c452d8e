import type { TextHeaders } from '../contracts/dead-letters';
import type { OrderProcessingEvent } from '../contracts/events';
import type { RecordPosition } from '../contracts/workflow-api';
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
  /** Its attempt has failed: it can only be undone. */
  readonly isUndoing: boolean;
  readonly event: KeptEvent;
  /** Where the request's Kafka record stood; null until the bridge has seen it. */
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
      { orderId: 'order_id', eventId: 'event_id', retryCount: 'retry_count', isUndoing: 'is_undoing' },
      'state',
      'attempt',
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

/** What the bridge must know before it signals; undefined: no such order. */
export async function requestStanding(
  db: Db,
  key: RequestKey,
): Promise<{ orderStatus: OrderStatus; state: RequestState | null; signalled: boolean } | undefined> {
  return (await db('orders')
    .leftJoin('processing_requests as r', (join) =>
      join.on('r.order_id', 'orders.id').andOnVal('r.event_id', key.eventId).andOnVal('r.retry_count', key.retryCount),
    )
    .where('orders.id', key.orderId)
    .first('orders.status as orderStatus', 'r.state', db.raw('r.signalled_at is not null as signalled'))) as
    | { orderStatus: OrderStatus; state: RequestState | null; signalled: boolean }
    | undefined;
}

/** A record's own bytes, as JSON takes them: Base64. */
export interface RecordBytes {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: TextHeaders;
}

/**
 * Remembers that the workflow has the request, and which record it came by: a redelivery need not signal again. The bytes
 * are kept while the request may still end as a dead letter, for they hold its token.
 */
export async function markSignalled(
  db: Db,
  key: RequestKey,
  record: RecordPosition,
  bytes: RecordBytes,
): Promise<void> {
  await db('processing_requests')
    .where(keyOf(key))
    .whereNull('signalled_at')
    .update({
      signalled_at: db.fn.now(),
      record: JSON.stringify(record),
      record_bytes: db.raw(`case when state in ('PENDING', 'RUNNING') then ?::jsonb end`, [JSON.stringify(bytes)]),
    });
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
export async function beginUndoing(trx: Trx, key: RequestKey): Promise<void> {
  await trx('processing_requests').where(keyOf(key)).update({ is_undoing: true });
}

/** Whether anything asked for before now may still lead to a payment: it stops the clock of the hold. */
export async function hasOpenRequest(trx: DbOrTrx, orderId: number): Promise<boolean> {
  const row: unknown = await trx('processing_requests')
    .where({ order_id: orderId })
    .whereIn('state', ['PENDING', 'RUNNING'])
    .first('event_id');
  return row !== undefined;
}

/** A newer request takes the place of retries that wait. */
export async function replacePendingRetries(trx: Trx, orderId: number): Promise<number> {
  return trx('processing_requests')
    .where({ order_id: orderId, state: 'PENDING' })
    .where('retry_count', '>', 0)
    .update({ state: 'REPLACED', updated_at: trx.fn.now() });
}

/** Closes what still waits, and an attempt that a cancel broke off, when the order has ended. */
export async function closeRequests(trx: Trx, orderId: number): Promise<void> {
  await trx('processing_requests')
    .where({ order_id: orderId })
    .whereIn('state', ['PENDING', 'RUNNING'])
    .update({
      state: trx.raw(`case state when 'RUNNING' then 'FAILED' else 'SKIPPED' end`),
      reason: 'order ended',
      updated_at: trx.fn.now(),
    });
}

/**
 * A request that comes too late, or for an order that is not payable any more; one that the workflow has taken, or is
 * known to have been told of, stays. Returns whether it was skipped.
 */
export async function skipPendingRequest(db: DbOrTrx, key: RequestKey, reason: string): Promise<boolean> {
  const count = await db('processing_requests')
    .where({ ...keyOf(key), state: 'PENDING' })
    .whereNull('signalled_at')
    .update({ state: 'SKIPPED', reason, updated_at: db.fn.now() });
  return count > 0;
}
