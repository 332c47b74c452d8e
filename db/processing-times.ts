import type { DbOrTrx } from './connection';

/** How long paid orders took, from the customer's request until their parcel was ordered, or their goods stored. */
export interface ProcessingTimes {
  /** Of how many orders. */
  readonly count: number;
  /** In ms; half of them, and 19 of 20, took no longer. */
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** Of the newest 1,000 that were paid, among the newest 2,000 requests: a shop that sells nothing has none. */
export async function recentProcessingTimes(db: DbOrTrx): Promise<ProcessingTimes> {
  const { rows } = await db.raw<{ rows: [ProcessingTimes] }>(
    `select count(*)::int as count, coalesce(percentile_cont(0.5) within group (order by ms), 0) as "p50Ms",
       coalesce(percentile_cont(0.95) within group (order by ms), 0) as "p95Ms"
     from (
       select (extract(epoch from newest.updated_at - asked.created_at) * 1000)::float8 as ms
       from (select order_id, event_id, state, updated_at from processing_requests order by order_id desc limit 2000) newest
         join processing_requests asked
           on asked.order_id = newest.order_id and asked.event_id = newest.event_id and asked.retry_count = 0
       where newest.state = 'DONE' order by newest.order_id desc limit 1000) took`,
  );
  return rows[0];
}
