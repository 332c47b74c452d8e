import type { DbOrTrx } from './connection';

export interface TimelineEntry {
  readonly orderId: number;
  /** `status`, `step`, `request`, `refused`, `resolution`, `notice`. */
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** The same key twice in one order is one entry. */
  readonly dedupeKey?: string;
}

export interface StoredTimelineEntry {
  readonly id: number;
  readonly at: Date;
  readonly type: string;
  readonly data: Record<string, unknown>;
}

/** Appends to the order's durable timeline; call it with the order's row locked, so that ids follow commits. */
export async function addToTimeline(trx: DbOrTrx, entries: readonly TimelineEntry[]): Promise<void> {
  for (const { orderId, type, data, dedupeKey = null } of entries)
    await trx.raw('select add_to_timeline(?, ?, ?::jsonb, ?)', [orderId, type, JSON.stringify(data), dedupeKey]);
}

/** The entries of an order after `afterId`, oldest first, at most `limit`. */
export async function timelineAfter(
  db: DbOrTrx,
  orderId: number,
  afterId: number,
  limit = 500,
): Promise<StoredTimelineEntry[]> {
  return (await db('timeline')
    .select('id', 'at', 'type', 'data')
    .where('order_id', orderId)
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(limit)) as StoredTimelineEntry[];
}

/** The key under which a request to cancel or refund is in the timeline, once its workflow has taken it. */
export const endingRequestKey = (requestId: string): string => `ending:${requestId}`;

/** Whether the order's workflow has taken this request. */
export async function hasEndingRequest(db: DbOrTrx, orderId: number, requestId: string): Promise<boolean> {
  const row: unknown = await db('timeline')
    .where({ order_id: orderId, dedupe_key: endingRequestKey(requestId) })
    .first('id');
  return row !== undefined;
}

/**
 * Keeps what a person wrote when asking for an end of the order, once a request. Returns the reference by which Temporal
 * knows it: people's own words stay in this database.
 */
export async function keepReason(
  db: DbOrTrx,
  asked: {
    readonly orderId: number;
    readonly requestId: string;
    readonly code: 'CANCEL_ASKED' | 'REFUND_ASKED';
    readonly reason: string;
    readonly actor: string;
  },
): Promise<string> {
  const { orderId, requestId, code, reason, actor } = asked;
  const reference = `asked:${requestId}`;
  const data = { code, reason, actor };
  await addToTimeline(db, [{ orderId, type: 'notice', data, dedupeKey: reference }]);
  return reference;
}
