import { TOPICS } from '../contracts/topics';
import type { Db, Trx } from './connection';
import { closeOperatorItems, openOperatorItem } from './operator-items';
import { linesOf, lockOrder } from './orders';
import { addToOutbox } from './outbox';
import { findRequest, type RequestKey, skipPendingRequest } from './requests';
import { stockDecreaseRequested } from './stock-events';

export interface LossPolicy {
  /** How long a published record may take until its workflow has it; doubles with each time that it is sent again. */
  readonly lostAfterMs: number;
  /** Before the first retry of a request; doubles with each. */
  readonly retryDelayMs: number;
}

/** What is sent again so often is listed for operators. */
const LISTED_AFTER = 2;
/** What is sent again so often while others get through is given up, so that it holds no stock. */
const GIVEN_UP_AFTER = 5;
const AT_ONCE = 100;
const GIVEN_UP = 'its record was lost';

/** Waits so long after the last time it was sent, and has no row that is still to be published. */
const IS_LATE = `greatest(due.at, coalesce(s.last_at, '-infinity'))
    < clock_timestamp() - :lostAfterMs * power(2, coalesce(s.times, 0)) * interval '1 millisecond'
  and not exists (select from outbox o where o.topic = due.topic and o.key = due.key and o.published_at is null)`;

/** Sends again what no workflow has heard of: an order's first event, or a request. The same once more changes nothing. */
export async function resendLostRecords(db: Db, policy: LossPolicy): Promise<number> {
  const orders = await lostOrders(db, policy);
  for (const orderId of orders) await db.transaction((trx) => resendOrder(trx, orderId));
  const requests = await lostRequests(db, policy);
  for (const key of requests) await db.transaction((trx) => resendRequest(trx, key));
  await closeFound(db);
  return orders.length + requests.length;
}

async function lostOrders(db: Db, { lostAfterMs }: LossPolicy): Promise<number[]> {
  const { rows } = await db.raw<{ rows: { id: number }[] }>(
    `select o.id from orders o
     cross join lateral (select o.created_at as at, :topic as topic, o.id::text as key) due
     left join resends s on s.subject = 'order-' || o.id || '/stock'
     where o.status = 'CREATED' and o.run_id is null and ${IS_LATE}
     order by o.created_at limit :atOnce`,
    { topic: TOPICS.stockDecreaseRequested, lostAfterMs, atOnce: AT_ONCE },
  );
  return rows.map(({ id }) => id);
}

async function lostRequests(db: Db, { lostAfterMs, retryDelayMs }: LossPolicy): Promise<RequestKey[]> {
  const { rows } = await db.raw<{ rows: RequestKey[] }>(
    `select r.order_id as "orderId", r.event_id as "eventId", r.retry_count as "retryCount"
     from processing_requests r
     cross join lateral (
       select case when r.retry_count = 0 then r.created_at
           else r.created_at + :retryDelayMs * power(2, r.retry_count - 1) * interval '1 millisecond' end as at,
         case when r.retry_count = 0 then :processing else :retry end as topic, r.order_id::text as key) due
     left join resends s on s.subject = concat('order-', r.order_id, '/', r.event_id, '/', r.retry_count)
     where r.state = 'PENDING' and r.signalled_at is null and ${IS_LATE}
     order by r.created_at limit :atOnce`,
    { processing: TOPICS.orderProcessing, retry: TOPICS.orderRetry, retryDelayMs, lostAfterMs, atOnce: AT_ONCE },
  );
  return rows;
}

async function resendOrder(trx: Trx, orderId: number): Promise<void> {
  const order = await lockOrder(trx, orderId);
  if (order?.status !== 'CREATED' || order.runId !== null) return;
  const value = JSON.stringify(stockDecreaseRequested(order, await linesOf(trx, orderId)));
  await addToOutbox(trx, [{ topic: TOPICS.stockDecreaseRequested, key: String(orderId), value }]);
  const { subject, times } = await countResend(trx, `order-${orderId}/stock`);
  if (times >= LISTED_AFTER)
    await openOperatorItem(trx, { kind: 'LOST_REQUEST', subject, cause: 'RECORD_LOST', orderId, step: 'stock' });
}

async function resendRequest(trx: Trx, key: RequestKey): Promise<void> {
  const { orderId } = key;
  if (!(await lockOrder(trx, orderId))) return;
  const request = await findRequest(trx, key);
  if (request?.state !== 'PENDING') return;
  const { subject, times, lastAt } = await countResend(trx, subjectOf(key));
  const isGivenUp = times > GIVEN_UP_AFTER && (await othersGetThrough(trx, lastAt));
  if (times >= LISTED_AFTER)
    await openOperatorItem(trx, {
      kind: 'LOST_REQUEST',
      subject,
      cause: isGivenUp ? 'REQUEST_GIVEN_UP' : 'RECORD_LOST',
      orderId,
    });
  if (isGivenUp) return skipPendingRequest(trx, key, GIVEN_UP);
  const topic = key.retryCount === 0 ? TOPICS.orderProcessing : TOPICS.orderRetry;
  await addToOutbox(trx, [{ topic, key: String(orderId), value: JSON.stringify(request.event) }]);
}

const subjectOf = ({ orderId, eventId, retryCount }: RequestKey) => `order-${orderId}/${eventId}/${retryCount}`;

/** Counts one more time; `lastAt`: the time before. */
async function countResend(trx: Trx, subject: string): Promise<{ subject: string; times: number; lastAt: Date }> {
  const before = (await trx('resends').where({ subject }).first('last_at')) as { last_at: Date } | undefined;
  const [row] = (await trx('resends')
    .insert({ subject })
    .onConflict('subject')
    .merge({ times: trx.raw('resends.times + 1'), last_at: trx.raw('clock_timestamp()') })
    .returning('times')) as [{ times: number }];
  return { subject, times: row.times, lastAt: before?.last_at ?? new Date(0) };
}

/** Whether the way is open: a request that was made after `since` has reached its workflow. */
async function othersGetThrough(trx: Trx, since: Date): Promise<boolean> {
  const row: unknown = await trx('processing_requests')
    .where('created_at', '>', since)
    .whereNotNull('signalled_at')
    .first('event_id');
  return row !== undefined;
}

/** Items and counts of what has reached its workflow after all. */
async function closeFound(db: Db): Promise<void> {
  const open = (await db('operator_items as i')
    .where({ 'i.kind': 'LOST_REQUEST', 'i.state': 'OPEN', 'i.cause': 'RECORD_LOST' })
    .leftJoin('orders as o', 'o.id', 'i.order_id')
    .leftJoin('processing_requests as r', (join) =>
      join
        .on(db.raw(`i.subject = concat('order-', r.order_id, '/', r.event_id, '/', r.retry_count)`))
        .andOn('r.order_id', 'i.order_id'),
    )
    .whereRaw(
      `case when i.step = 'stock' then o.run_id is not null else r.signalled_at is not null or r.state <> 'PENDING' end`,
    )
    .limit(AT_ONCE)
    .pluck('i.subject')) as string[];
  if (open.length === 0) return;
  await closeOperatorItems(db, { kind: 'LOST_REQUEST', subject: open }, { state: 'HEALED' });
}
