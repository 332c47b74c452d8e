import { newEvent } from '../contracts/event-record';
import { TOPICS, type Topic } from '../contracts/topics';
import type { Db, DbOrTrx, Trx } from './connection';
import { lockCouponRequest } from './coupon-requests';
import { notifyCustomer } from './customer-notifications';
import { closeOperatorItems, openOperatorItem } from './operator-items';
import { linesOf, lockOrder } from './orders';
import { addToOutbox, type OutboxRow } from './outbox';
import { findRequest, type RequestKey, skipPendingRequest } from './requests';
import { stockDecreaseRequested } from './stock-events';
import { addToTimeline } from './timeline';

export interface LossPolicy {
  /** How long a published record may take until its workflow has it; doubles with each time that it is sent again. */
  readonly lostAfterMs: number;
  /** Before the first retry of a request; doubles with each. */
  readonly retryDelayMs: number;
}

/** A record that was published long ago and reached no workflow. */
export type LateRecord = { readonly subject: string; readonly topic: Topic } & (
  | { readonly of: 'order'; readonly orderId: number }
  | { readonly of: 'request'; readonly key: RequestKey }
  | { readonly of: 'coupon'; readonly requestId: string }
);

/** A record that is sent again so often is listed for operators once newer ones have reached their workflows. */
const LISTED_AFTER = 2;
/** A record that is sent again so often is listed in any case, and a request is given up, so that it holds no stock. */
const GIVEN_UP_AFTER = 5;
const LONGEST_GAP_MS = 60 * 60_000;
const AT_ONCE = 100;
/** How many of the records after a late one are considered. */
const NEXT_ONES = 100;
const GIVEN_UP = 'REQUEST_LOST';

/** It has waited for so long, also since it was last sent, and no outbox row of it is unpublished. */
const IS_LATE = `due.at < clock_timestamp() - :lostAfterMs * interval '1 millisecond'
  and (s.last_at is null or s.last_at < clock_timestamp() - interval '1 millisecond'
    * least(:lostAfterMs * power(2, least(s.times, 20)), greatest(:lostAfterMs, ${LONGEST_GAP_MS})))
  and not exists (select from outbox o where o.topic = due.topic and o.key = due.key and o.published_at is null)`;

/** At most 100 of each kind, the oldest first. */
export async function lateRecords(db: DbOrTrx, policy: LossPolicy): Promise<LateRecord[]> {
  return [
    ...(await lateOrders(db, policy)),
    ...(await lateRequests(db, policy)),
    ...(await lateCouponRequests(db, policy)),
  ];
}

async function lateOrders(db: DbOrTrx, { lostAfterMs }: LossPolicy, only?: number): Promise<LateRecord[]> {
  const topic = TOPICS.stockDecreaseRequested;
  const { rows } = await db.raw<{ rows: { id: number; subject: string }[] }>(
    `select o.id, due.subject from orders o
     cross join lateral (
       select o.created_at as at, :topic as topic, o.id::text as key, concat('order-', o.id, '/stock') as subject) due
     left join resends s on s.subject = due.subject
     where o.status = 'CREATED' and o.run_id is null ${only === undefined ? '' : 'and o.id = :only'} and ${IS_LATE}
     order by o.created_at limit ${AT_ONCE}`,
    { topic, lostAfterMs, ...(only === undefined ? {} : { only }) },
  );
  return rows.map(({ id, subject }) => ({ of: 'order', topic, subject, orderId: id }));
}

async function lateRequests(
  db: DbOrTrx,
  { lostAfterMs, retryDelayMs }: LossPolicy,
  only?: RequestKey,
): Promise<LateRecord[]> {
  const isMeant = 'r.order_id = :orderId and r.event_id = :eventId and r.retry_count = :retryCount';
  const { rows } = await db.raw<{ rows: (RequestKey & { topic: Topic; subject: string })[] }>(
    `select r.order_id as "orderId", r.event_id as "eventId", r.retry_count as "retryCount", due.topic, due.subject
     from processing_requests r
     cross join lateral (
       select case when r.retry_count = 0 then r.created_at
           else r.created_at + :retryDelayMs * power(2, r.retry_count - 1) * interval '1 millisecond' end as at,
         case when r.retry_count = 0 then :processing else :retry end as topic, r.order_id::text as key,
         concat('order-', r.order_id, '/', r.event_id, '/', r.retry_count) as subject) due
     left join resends s on s.subject = due.subject
     where r.state = 'PENDING' and r.signalled_at is null ${only ? `and ${isMeant}` : ''} and ${IS_LATE}
     order by r.created_at limit ${AT_ONCE}`,
    { processing: TOPICS.orderProcessing, retry: TOPICS.orderRetry, retryDelayMs, lostAfterMs, ...only },
  );
  return rows.map(({ topic, subject, ...key }) => ({ of: 'request', topic, subject, key }));
}

async function lateCouponRequests(db: DbOrTrx, { lostAfterMs }: LossPolicy, only?: string): Promise<LateRecord[]> {
  const topic = TOPICS.couponIssue;
  const { rows } = await db.raw<{ rows: { requestId: string; subject: string }[] }>(
    `select r.request_id as "requestId", due.subject from coupon_requests r
     cross join lateral (
       select r.requested_at as at, :topic as topic, r.request_id as key, concat('coupon-', r.request_id) as subject) due
     left join resends s on s.subject = due.subject
     where r.status = 'REQUESTED' ${only === undefined ? '' : 'and r.request_id = :only'} and ${IS_LATE}
     order by r.requested_at limit ${AT_ONCE}`,
    { topic, lostAfterMs, ...(only === undefined ? {} : { only }) },
  );
  return rows.map(({ requestId, subject }) => ({ of: 'coupon', topic, subject, requestId }));
}

/**
 * Sends a lost record again, unless it is no longer late; a request that was lost too often is given up. A workflow that
 * has the record after all ignores the second one.
 */
export async function sendAgain(db: Db, policy: LossPolicy, late: LateRecord): Promise<boolean> {
  return db.transaction(async (trx) => {
    const row = await lockLate(trx, policy, late);
    if (!row) return false;
    const times = await countResend(trx, late.subject);
    const isGivenUp = late.of === 'request' && times > GIVEN_UP_AFTER;
    if (times >= GIVEN_UP_AFTER || (times >= LISTED_AFTER && (await newerOnesArrive(trx, late))))
      await openOperatorItem(trx, {
        kind: 'LOST_REQUEST',
        subject: late.subject,
        cause: isGivenUp ? 'REQUEST_GIVEN_UP' : 'RECORD_LOST',
        ...(late.of === 'order' ? { orderId: late.orderId, step: 'stock' } : {}),
        ...(late.of === 'request' ? { orderId: late.key.orderId } : {}),
      });
    if (isGivenUp) await giveUp(trx, late.key);
    else await addToOutbox(trx, [row]);
    return true;
  });
}

/** Sends once more that an order's stock could not be had, while it can still be paid; false: that was sent a moment ago. */
export async function resendStockFailure(db: Db, orderId: number, { lostAfterMs }: LossPolicy): Promise<boolean> {
  const subject = `order-${orderId}/stock-failed`;
  return db.transaction(async (trx) => {
    const order = await lockOrder(trx, orderId);
    if (order?.status !== 'CREATED' && order?.status !== 'PENDING_PAYMENT') return false;
    const resent: unknown = await trx('resends')
      .where({ subject })
      .whereRaw(`last_at > clock_timestamp() - ? * interval '1 millisecond'`, [lostAfterMs])
      .first('subject');
    if (resent !== undefined) return false;
    await countResend(trx, subject);
    const eventCreatedAt = new Date().toISOString();
    const event = { eventCreatedAt, orderId, reason: 'STOCK_SHORTAGE', shortages: [] };
    await addToOutbox(trx, [newEvent(TOPICS.stockDecreaseFailed, event)]);
    return true;
  });
}

/** Locks what a record is about; returns its outbox row if it is still late: another relay may have been faster. */
async function lockLate(trx: Trx, policy: LossPolicy, late: LateRecord): Promise<OutboxRow | undefined> {
  const { topic } = late;
  switch (late.of) {
    case 'order': {
      const order = await lockOrder(trx, late.orderId);
      const [still] = await lateOrders(trx, policy, late.orderId);
      return order && still && stockDecreaseRequested(order, await linesOf(trx, order.id));
    }
    case 'request': {
      await lockOrder(trx, late.key.orderId);
      const [still] = await lateRequests(trx, policy, late.key);
      const request = still && (await findRequest(trx, late.key));
      // As it was accepted: one that fits no schema any more is counted and given up, too.
      return request && { topic, key: String(late.key.orderId), value: JSON.stringify(request.event) };
    }
    case 'coupon': {
      const request = await lockCouponRequest(trx, late.requestId);
      const [still] = await lateCouponRequests(trx, policy, late.requestId);
      return still && request && { topic, key: late.requestId, value: request.event };
    }
  }
}

/** The customer may pay another way. Does nothing if the workflow was signalled meanwhile. */
async function giveUp(trx: Trx, key: RequestKey): Promise<void> {
  if (!(await skipPendingRequest(trx, key, GIVEN_UP))) return;
  const order = await lockOrder(trx, key.orderId);
  if (!order) return;
  const { eventId, retryCount } = key;
  const data = { state: 'SKIPPED', code: GIVEN_UP, eventId, retryCount };
  const occurrence = `${eventId}/${retryCount}`;
  await addToTimeline(trx, [{ orderId: order.id, type: 'request', data, dedupeKey: `${GIVEN_UP}:${occurrence}` }]);
  await notifyCustomer(trx, order, 'PAYMENT_FAILED', { reason: GIVEN_UP, occurrence });
}

/** Counts one more time. */
async function countResend(trx: Trx, subject: string): Promise<number> {
  const [row] = (await trx('resends')
    .insert({ subject })
    .onConflict('subject')
    .merge({ times: trx.raw('resends.times + 1'), last_at: trx.raw('clock_timestamp()') })
    .returning('times')) as [{ times: number }];
  return row.times;
}

/**
 * Whether the workflow of a later record has begun: otherwise workers may be missing, and not this record. A request is
 * known to have reached its workflow even without a worker.
 */
async function newerOnesArrive(trx: Trx, late: LateRecord): Promise<boolean> {
  if (late.of === 'request') return true;
  const next =
    late.of === 'order'
      ? trx('orders').where('id', '>', late.orderId).orderBy('id').select(trx.raw('run_id is not null as began'))
      : trx('coupon_requests as r')
          .join('coupon_requests as late', 'late.code', 'r.code')
          .where('late.request_id', late.requestId)
          .whereRaw('r.rank > late.rank')
          .orderBy('r.rank')
          .select(trx.raw(`r.status <> 'REQUESTED' as began`));
  const row: unknown = await trx.from(next.limit(NEXT_ONES).as('next')).where('began', true).first(trx.raw('1'));
  return row !== undefined;
}

/** Closes the items of records that have reached their workflows after all. */
export async function closeFound(db: DbOrTrx): Promise<void> {
  const open = (await db('operator_items as i')
    .where({ 'i.kind': 'LOST_REQUEST', 'i.state': 'OPEN', 'i.cause': 'RECORD_LOST' })
    .leftJoin('orders as o', 'o.id', 'i.order_id')
    .leftJoin('processing_requests as r', (join) =>
      join
        .on(db.raw(`i.subject = concat('order-', r.order_id, '/', r.event_id, '/', r.retry_count)`))
        .andOn('r.order_id', 'i.order_id'),
    )
    .leftJoin('coupon_requests as c', (join) =>
      join.on(db.raw(`i.order_id is null and c.request_id = substr(i.subject, ${'coupon-'.length + 1})`)),
    )
    .whereRaw(
      `case when i.order_id is null then c.status <> 'REQUESTED' when i.step = 'stock' then o.run_id is not null
        else r.signalled_at is not null or r.state <> 'PENDING' end`,
    )
    .limit(AT_ONCE)
    .pluck('i.subject')) as string[];
  if (open.length === 0) return;
  await closeOperatorItems(db, { kind: 'LOST_REQUEST', subject: open }, { state: 'HEALED' });
}
