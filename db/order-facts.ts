import type { OrderStep } from '../contracts/workflow/attempt-steps';
import type { OrderStatus } from '../domain/order-status';
import type { SagaState } from '../domain/saga-state';
import type { DbOrTrx } from './connection';
import type { RequestState } from './requests';
import type { RecordedStepState } from './saga-steps';

/** All that the database says about one order, of one moment; ages by the database's clock. */
export interface OrderFactsheet {
  readonly id: number;
  readonly status: OrderStatus;
  readonly sagaState: SagaState;
  readonly statusReason: string | null;
  readonly totalMinor: number;
  /** First-run id of the workflow that has it. */
  readonly runId: string | null;
  /** The run that refunds it. */
  readonly refundRunId: string | null;
  /** Its workflow has taken a cancel of the customer or an operator, and nobody has refused it since. */
  readonly isCancelOpen: boolean;
  /** An undo of its workflow is listed as waiting for a person. */
  readonly hasParkedUndo: boolean;
  readonly couponRequestId: string | null;
  readonly movedAt: Date;
  /** Since anything of it was written. */
  readonly quietMs: number;
  readonly steps: readonly {
    readonly step: OrderStep;
    readonly attempt: number;
    readonly state: RecordedStepState;
    readonly code: string | null;
    readonly chargedMinor: number;
  }[];
  /** Charged - refunded - adjusted. */
  readonly netMinor: number;
  readonly stock: readonly {
    readonly sku: string;
    readonly ordered: number;
    readonly held: number;
    readonly sold: number;
  }[];
  /** Those that have not ended. */
  readonly requests: readonly {
    readonly eventId: string;
    readonly retryCount: number;
    readonly state: RequestState;
    readonly attempt: number | null;
    readonly isSignalled: boolean;
    readonly failureKind: string | null;
    readonly ageMs: number;
  }[];
  /** The request for the coupon that it has now. */
  readonly claim: { readonly requestId: string; readonly isRedeemed: boolean } | null;
  /** Since a dead letter of `stock.decrease.failed` was sent back of which nothing more is known; null: there is none. */
  readonly stockFailureReplayedMs: number | null;
  /** What is still to be published about it. */
  readonly unpublishedTopics: readonly string[];
}

/** In the order of their ids; what does not exist is left out. */
export async function orderFactsheets(db: DbOrTrx, orderIds: readonly number[]): Promise<OrderFactsheet[]> {
  const { rows } = await db.raw<{ rows: (Omit<OrderFactsheet, 'movedAt'> & { movedAt: Date })[] }>(FACTSHEETS, [
    orderIds as number[],
  ]);
  return rows;
}

/** Each part by the index of its table: one statement, so that all of it is of one moment. */
const FACTSHEETS = `
  select o.id, o.status, o.saga_state as "sagaState", o.status_reason as "statusReason", o.total_minor as "totalMinor",
    o.run_id as "runId", o.refund_run_id as "refundRunId", o.coupon_request_id as "couponRequestId", moved.at as "movedAt",
    (extract(epoch from clock_timestamp() - moved.at) * 1000)::float8 as "quietMs",
    coalesce(steps.list, '[]') as steps, coalesce(money.net, 0) as "netMinor", coalesce(stock.list, '[]') as stock,
    coalesce(requests.list, '[]') as requests, claim.of as claim,
    (select (extract(epoch from clock_timestamp() - min(d.at)) * 1000)::float8
      from dead_letters l
        join dead_letter_decisions d on d.topic = l.topic and d.partition = l.partition and d.record_offset = l.record_offset
          and coalesce(d.dead_at, l.dead_at) = l.dead_at
      where l.order_id = o.id and l.origin_topic = 'stock.decrease.failed' and d.action = 'REPLAY' and d.outcome is null
    ) as "stockFailureReplayedMs",
    coalesce(cancel.asked_at > coalesce(cancel.refused_at, '-infinity'), false) as "isCancelOpen",
    exists (select from operator_items i where i.order_id = o.id and i.kind = 'PARKED_SAGA' and i.state = 'OPEN') as "hasParkedUndo",
    array(select distinct u.topic from outbox u where u.key = o.id::text and u.published_at is null) as "unpublishedTopics"
  from orders o
  left join lateral (
    select max(s.updated_at) as at, jsonb_agg(jsonb_build_object('step', s.step, 'attempt', s.attempt, 'state', s.state,
        'code', s.code, 'chargedMinor', (
          select coalesce(sum(case m.kind when 'charge' then m.amount_minor else -m.amount_minor end), 0)
          from money_movements m where m.key = s.key)) order by s.attempt, s.step) as list
    from saga_steps s where s.order_id = o.id) steps on true
  cross join lateral (
    select greatest(max(t.at) filter (where t.data ->> 'code' = 'CANCEL_REQUESTED'), (
        select max(r.at) from resolutions r where r.order_id = o.id and r.decision = 'COMPENSATE')) as asked_at,
      max(t.at) filter (where t.data ->> 'code' = 'CANCEL_REFUSED'
        or t.data ->> 'what' like 'CANCELLED%' and t.data ->> 'why' not in ('ALREADY_ENDING', 'DUPLICATE')) as refused_at
    from timeline t where t.order_id = o.id and t.type in ('notice', 'refused')) cancel
  left join lateral (
    select max(m.at) as at, sum(case m.kind when 'charge' then m.amount_minor else -m.amount_minor end)::bigint as net
    from money_movements m where m.order_id = o.id) money on true
  left join lateral (
    select max(m.at) as at from stock_movements m where m.order_id = o.id) movement on true
  left join lateral (
    select jsonb_agg(jsonb_build_object('sku', coalesce(l.sku, s.sku), 'ordered', coalesce(l.quantity, 0),
        'held', coalesce(s.held, 0), 'sold', coalesce(s.sold, 0))) as list
    from (select sku, quantity from order_lines where order_id = o.id) l
      full join stock_of_order(o.id) s on s.sku = l.sku) stock on true
  left join lateral (
    select max(r.updated_at) as at, jsonb_agg(jsonb_build_object('eventId', r.event_id, 'retryCount', r.retry_count, 'state', r.state,
        'attempt', r.attempt, 'isSignalled', r.signalled_at is not null, 'failureKind', r.failure ->> 'kind',
        'ageMs', (extract(epoch from clock_timestamp() - r.created_at) * 1000)::float8))
      filter (where r.state in ('PENDING', 'RUNNING')) as list
    from processing_requests r where r.order_id = o.id) requests on true
  left join lateral (
    select jsonb_build_object('requestId', c.request_id, 'isRedeemed', c.redeemed_at is not null) as of
    from coupon_requests c where c.order_id = o.id) claim on true
  cross join lateral (
    select greatest(o.created_at, o.updated_at, o.saga_state_at, steps.at, money.at, movement.at, requests.at) as at) moved
  where o.id = any(?)
  order by o.id`;
