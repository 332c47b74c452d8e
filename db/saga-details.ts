import type { SagaDetails } from '../contracts/responses/sagas';
import { KEYED_BY_ORDER, type Topic } from '../contracts/topics';
import type { OrderStep } from '../contracts/workflow/attempt-steps';
import type { OrderStatus } from '../domain/order-status';
import type { SagaState } from '../domain/saga-state';
import type { Db, DbOrTrx } from './connection';
import { deadLettersWithDecisions } from './dead-letter-index';
import type { StoredTimelineEntry } from './timeline';

type ListName = 'requests' | 'money' | 'stock' | 'resolutions' | 'deadLetters' | 'releases';
/** An entry of a list of the response, with times as the database has them. */
type Stored<List extends ListName> = {
  readonly [Name in keyof SagaDetails[List][number]]: Name extends 'at' | 'createdAt' | 'updatedAt'
    ? Date
    : SagaDetails[List][number][Name];
};

/** Everything the database has of an order beside its row and its steps. */
export interface StoredSagaDetails {
  readonly requests: readonly Stored<'requests'>[];
  readonly money: readonly Stored<'money'>[];
  readonly stock: readonly Stored<'stock'>[];
  readonly resolutions: readonly Stored<'resolutions'>[];
  readonly timeline: readonly StoredTimelineEntry[];
  readonly deadLetters: readonly Stored<'deadLetters'>[];
  readonly waitingRecords: number;
  readonly releases: readonly Stored<'releases'>[];
  readonly retryAt: Date | undefined;
}

const TIMELINE_ENTRIES = 50;
const DEAD_LETTERS = 20;

export async function sagaDetailsOf(db: Db, orderId: number): Promise<StoredSagaDetails> {
  const of = (table: string) => db(table).where({ order_id: orderId });
  const [requests, money, stock, resolutions, timeline, deadLetters, waitingRecords, releases, retryAt] =
    await Promise.all([
      of('processing_requests').orderBy(['created_at', 'retry_count']).select('source', 'state', 'attempt', 'reason', {
        eventId: 'event_id',
        retryCount: 'retry_count',
        createdAt: 'created_at',
        updatedAt: 'updated_at',
      }),
      of('money_movements')
        .orderBy('id')
        .select('kind', 'key', 'reason', 'at', { amount: 'amount_minor', providerRef: 'provider_ref' }),
      of('stock_movements').orderBy('id').select('sku', 'kind', 'units', 'key', 'reason', 'at'),
      resolutionsOf(db, orderId),
      of('timeline').orderBy('id', 'desc').limit(TIMELINE_ENTRIES).select('id', 'at', 'type', 'data'),
      deadLettersOf(db, orderId),
      countWaitingRecords(db, orderId),
      releasesOf(db, orderId),
      retryDueAt(db, orderId),
    ]);
  return {
    requests,
    money,
    stock,
    resolutions,
    timeline: timeline.reverse(),
    deadLetters: deadLetters.reverse(),
    waitingRecords,
    releases,
    retryAt,
  };
}

/** One that can't be read is known by its key; elsewhere the same key may be a customer's, or a request's. */
async function deadLettersOf(db: Db, orderId: number): Promise<Stored<'deadLetters'>[]> {
  return deadLettersWithDecisions(db)
    .where('l.order_id', orderId)
    .orWhere((unread) =>
      unread
        .where({ 'l.order_id': null, 'l.request_id': null })
        .whereIn('l.origin_topic', KEYED_BY_ORDER)
        .whereRaw('sha256(l.key) = sha256(?)', [keyOf(orderId)]),
    )
    .orderBy('l.dead_at', 'desc')
    .limit(DEAD_LETTERS)
    .select(db.raw(`concat_ws('/', l.topic, l.partition, l.record_offset) as id`), 'l.code', 'd.action', {
      at: 'l.dead_at',
    });
}

/** The only one of an order's topics whose records wait behind a dead letter. */
const BLOCKS_KEYS: Topic = 'shipment.status';

async function countWaitingRecords(db: Db, orderId: number): Promise<number> {
  const row = (await db('waiting_records')
    .where({ topic: BLOCKS_KEYS })
    .whereRaw('key_hash = sha256(?)', [keyOf(orderId)])
    .count({ count: '*' })
    .first()) as { count: number };
  return Number(row.count);
}

/** Who released the key of the order. */
async function releasesOf(db: Db, orderId: number): Promise<Stored<'releases'>[]> {
  return db('line_releases')
    .where({ topic: BLOCKS_KEYS, key: keyOf(orderId) })
    .orderBy('at')
    .select('actor', 'reason', 'at', { decisionId: 'decision_id' });
}

const RETRIES: Topic = 'order-retry-topic';

/** A retry waits in the outbox for its time, also one that a newer request has replaced or the order's end has closed. */
async function retryDueAt(db: Db, orderId: number): Promise<Date | undefined> {
  const pending = db('processing_requests').where({ order_id: orderId, state: 'PENDING' }).where('retry_count', '>', 0);
  const row = (await db('outbox')
    .where({ topic: RETRIES, key: String(orderId), published_at: null })
    .where('available_at', '>', db.fn.now())
    .whereExists(pending)
    .orderBy('id', 'desc')
    .first({ at: 'available_at' })) as { at: Date } | undefined;
  return row?.at;
}

const keyOf = (orderId: number) => Buffer.from(String(orderId));

const RESOLUTION = ['step', 'decision', 'reason', 'actor', 'reference', 'at', { decisionId: 'decision_id' }] as const;

async function resolutionsOf(db: DbOrTrx, orderId: number): Promise<Stored<'resolutions'>[]> {
  return db('resolutions')
    .where({ order_id: orderId })
    .orderBy('at')
    .select(...RESOLUTION);
}

export type StoredResolution = Stored<'resolutions'> & { readonly orderId: number };

/** A decision by its id; undefined: none was taken under it. */
export async function findResolution(db: DbOrTrx, decisionId: string): Promise<StoredResolution | undefined> {
  return db('resolutions')
    .where({ decision_id: decisionId })
    .first(...RESOLUTION, { orderId: 'order_id' });
}

/** The step in a decision about the order as a whole. */
export const WHOLE_ORDER = { step: 'order', decision: 'COMPENSATE' } as const;

/** Records that an operator wants an order undone; false: the id has been used. */
export async function noteCompensation(
  db: Db,
  command: { readonly orderId: number; readonly decisionId: string; readonly reason: string; readonly actor: string },
): Promise<boolean> {
  const { orderId, decisionId, reason, actor } = command;
  const inserted = await db('resolutions')
    .insert({ decision_id: decisionId, order_id: orderId, ...WHOLE_ORDER, reason, actor })
    .onConflict('decision_id')
    .ignore()
    .returning('decision_id');
  return inserted.length > 0;
}

/** Withdraws a decision that could not be sent to the workflow. */
export async function withdrawCompensation(db: Db, decisionId: string): Promise<void> {
  await db('resolutions')
    .where({ decision_id: decisionId, ...WHOLE_ORDER })
    .delete();
}

/** An order as the list of sagas has it. */
export interface StoredSaga {
  readonly id: number;
  readonly status: OrderStatus;
  readonly sagaState: SagaState;
  readonly statusReason: string | null;
  readonly totalMinor: number;
  readonly currency: string;
  readonly updatedAt: Date;
  readonly stuck: readonly { readonly step: OrderStep; readonly attempt: number; readonly code: string | null }[];
}

/** Newest orders first. */
export async function listSagas(
  db: Db,
  filter: {
    readonly sagaState?: SagaState | undefined;
    readonly needsOperator?: boolean | undefined;
    readonly before?: number | undefined;
    readonly limit: number;
  },
): Promise<StoredSaga[]> {
  const query = db('orders as o').orderBy('o.id', 'desc').limit(filter.limit);
  if (filter.sagaState !== undefined) query.where('o.saga_state', filter.sagaState);
  if (filter.needsOperator === true) query.where('o.saga_state', 'NEEDS_OPERATOR');
  if (filter.needsOperator === false) query.whereNot('o.saga_state', 'NEEDS_OPERATOR');
  if (filter.before !== undefined) query.where('o.id', '<', filter.before);
  const failed = db('saga_steps as s')
    .whereRaw('s.order_id = o.id')
    .where('s.state', 'UNDO_FAILED')
    .select(db.raw(`jsonb_agg(jsonb_build_object('step', s.step, 'attempt', s.attempt, 'code', s.code))`));
  return query.select(
    {
      id: 'o.id',
      status: 'o.status',
      sagaState: 'o.saga_state',
      statusReason: 'o.status_reason',
      totalMinor: 'o.total_minor',
      currency: 'o.currency',
      updatedAt: 'o.updated_at',
    },
    db.raw(`coalesce((?), '[]'::jsonb) as stuck`, [failed]),
  );
}
