import type { DbOrTrx } from './connection';
import type { OperatorItem } from './operator-items';

/** The ids of a page of all orders, after one. */
export async function orderIdsAfter(db: DbOrTrx, after: number, limit: number): Promise<number[]> {
  return (await db('orders').where('id', '>', after).orderBy('id').limit(limit).pluck('id')) as number[];
}

/** The orders of so many entries of the timeline after one, each once, and the last of these entries; undefined: there are none. */
export async function ordersOfEntries(
  db: DbOrTrx,
  { after, through, limit }: { readonly after: number; readonly through: number; readonly limit: number },
): Promise<{ readonly last: number; readonly orderIds: readonly number[] } | undefined> {
  const { rows } = await db.raw<{ rows: [{ last: number | null; orderIds: number[] | null }] }>(
    `select max(e.id) as last, array_agg(distinct e.order_id) as "orderIds"
     from (select id, order_id from timeline where id > ? and id <= ? order by id limit ?) e`,
    [after, through, limit],
  );
  const { last, orderIds } = rows[0];
  return last === null || orderIds === null ? undefined : { last, orderIds: orderIds.map(Number) };
}

/** The next entry of the timeline. */
export async function entryAfter(db: DbOrTrx, after: number): Promise<{ readonly at: Date } | undefined> {
  return (await db('timeline').where('id', '>', after).orderBy('id').first('at')) as { at: Date } | undefined;
}

/** A product whose piles are not what was put in. */
export interface StockDifference {
  readonly sku: string;
  readonly free: number;
  readonly held: number;
  readonly sold: number;
  /** By the ledger: set and adjusted. */
  readonly put: number;
}

/** Of all products, or of one. */
export async function stockDifferences(db: DbOrTrx, sku?: string): Promise<StockDifference[]> {
  const { rows } = await db.raw<{ rows: StockDifference[] }>(
    `select p.sku, p.free_units as free, p.held_units as held, p.sold_units as sold, put.units as put
     from products p
     cross join lateral (
       select coalesce(sum(m.units), 0)::bigint as units from stock_movements m where m.sku = p.sku and m.kind in ('set', 'adjust')) put
     where p.free_units + p.held_units + p.sold_units <> put.units ${sku === undefined ? '' : 'and p.sku = ?'}
     order by p.sku limit 1000`,
    sku === undefined ? [] : [sku],
  );
  return rows;
}

/** A coupon's counters, and what its requests come to. */
export interface CouponCount {
  readonly code: string;
  readonly taken: number;
  readonly issued: number;
  readonly total: number;
  readonly lastRank: number;
  readonly requestsTaken: number;
  readonly requestsIssued: number;
  readonly highestRank: number;
}

/** The codes of coupons, after one. */
export async function couponCodesAfter(db: DbOrTrx, after: string, limit: number): Promise<string[]> {
  return (await db('coupons').where('code', '>', after).orderBy('code').limit(limit).pluck('code')) as string[];
}

/** All of one moment. */
export async function couponCount(db: DbOrTrx, code: string): Promise<CouponCount | undefined> {
  const { rows } = await db.raw<{ rows: CouponCount[] }>(
    `select c.code, c.taken, c.issued, c.total, c.last_rank as "lastRank", r.taken as "requestsTaken", r.issued as "requestsIssued",
       r.highest as "highestRank"
     from coupons c cross join lateral (
       select count(*) filter (where status <> 'FAILED') as taken, count(*) filter (where status = 'ISSUED') as issued,
         coalesce(max(rank), 0) as highest
       from coupon_requests where code = c.code) r
     where c.code = ?`,
    [code],
  );
  return rows[0];
}

/** A coupon's request that has waited for so long, and of which nothing is still to be published. */
export interface LateCouponRequest {
  readonly requestId: string;
  readonly code: string;
  readonly requestedAt: Date;
}

/** The oldest first. */
export async function lateCouponRequests(db: DbOrTrx, graceMs: number, limit: number): Promise<LateCouponRequest[]> {
  const { rows } = await db.raw<{ rows: LateCouponRequest[] }>(
    `select r.request_id as "requestId", r.code, r.requested_at as "requestedAt" from coupon_requests r
     where r.status = 'REQUESTED' and r.requested_at < clock_timestamp() - ? * interval '1 millisecond'
       and not exists (select from outbox o where o.topic = 'coupon.issue' and o.key = r.request_id and o.published_at is null)
     order by r.requested_at limit ?`,
    [graceMs, limit],
  );
  return rows;
}

/** Per topic, the oldest row of the outbox that has been due for so long. */
export async function overdueRows(
  db: DbOrTrx,
  olderThanMs: number,
): Promise<{ topic: string; id: number; key: string; dueAt: Date }[]> {
  const { rows } = await db.raw<{ rows: { topic: string; id: number; key: string; dueAt: Date }[] }>(
    `with recursive topics as (
       (select o.topic from outbox o where o.published_at is null order by o.topic limit 1)
       union all
       select (select o.topic from outbox o where o.published_at is null and o.topic > t.topic order by o.topic limit 1)
       from topics t where t.topic is not null)
     select t.topic, due.id, due.key, due.available_at as "dueAt" from topics t cross join lateral (
       select o.* from outbox o
       where o.topic = t.topic and o.published_at is null
         and o.available_at < clock_timestamp() - ? * interval '1 millisecond'
       order by (o.id + 0) limit 1) due
     where t.topic is not null`,
    [olderThanMs],
  );
  return rows;
}

/** What is open of what reconciliation has found: a page of it, after an item. */
export async function openFindings(
  db: DbOrTrx,
  {
    after,
    limit,
    run,
  }: {
    readonly after: number;
    readonly limit: number;
    readonly run?: { readonly id: string; readonly hasSeen: boolean };
  },
): Promise<OpenFinding[]> {
  const query = db('operator_items')
    .where({ kind: 'RECONCILIATION', state: 'OPEN' })
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .select({
      id: 'id',
      subject: 'subject',
      cause: 'cause',
      orderId: 'order_id',
      step: 'step',
      evidence: 'evidence',
      offeredFix: 'offered_fix',
    });
  if (run) query.whereRaw(`(run_id is not distinct from ?) = ?`, [run.id, run.hasSeen]);
  return (await query) as OpenFinding[];
}

export type OpenFinding = Pick<
  OperatorItem,
  'id' | 'subject' | 'cause' | 'orderId' | 'step' | 'evidence' | 'offeredFix'
>;

/** How many items of each cause a run has found. */
export async function foundBy(db: DbOrTrx, runId: string): Promise<Record<string, number>> {
  const rows = (await db('operator_items')
    .where({ kind: 'RECONCILIATION', run_id: runId })
    .groupBy('cause')
    .select('cause', db.raw('count(*)::int as count'))) as { cause: string; count: number }[];
  return Object.fromEntries(rows.map(({ cause, count }) => [cause, count]));
}
