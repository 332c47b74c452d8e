import type { OrderStep } from '../contracts/workflow/attempt-steps';
import type { OrderStatus } from '../domain/order-status';
import type { SagaState } from '../domain/saga-state';
import type { Db, DbOrTrx } from './connection';
import { type ProviderRecord, providerRecordsOf } from './provider-records';
import type { RecordedStepState } from './saga-steps';

export interface ComparedStep {
  readonly key: string;
  readonly step: OrderStep;
  readonly attempt: number;
  readonly state: RecordedStepState;
  readonly providerRef: string | null;
  readonly updatedAt: Date;
}

/** The money ledger's sums of one key, in minor units. */
export interface ComparedMoney {
  readonly key: string;
  readonly chargedMinor: number;
  readonly refundedMinor: number;
  readonly adjustedMinor: number;
  readonly refs: readonly string[];
  readonly changedAt: Date;
}

/** An order as we know it, beside what the mirror has of it. */
export interface ComparedOrder {
  readonly id: number;
  readonly status: OrderStatus;
  readonly sagaState: SagaState;
  readonly totalMinor: number;
  readonly currency: string;
  readonly createdAt: Date;
  /** The last change of its status or of what is shown of its saga. */
  readonly changedAt: Date;
  /** The status in which a refund was asked for; undefined: it was not, or its timeline is purged. */
  readonly refundedFrom: OrderStatus | undefined;
  /** Those at providers. */
  readonly steps: readonly ComparedStep[];
  readonly money: readonly ComparedMoney[];
  /** Steps whose undo a person has ended, in any attempt. */
  readonly endedByHand: readonly string[];
  readonly records: readonly ProviderRecord[];
}

/** An order that only providers know. */
export type UnknownOrder = Pick<ComparedOrder, 'id' | 'records'>;

type OfOrder<Row> = Row & { readonly orderId: number };

/** What is compared of these orders; of those that we do not have, what the providers have. */
export async function comparedOrders(
  db: Db,
  orderIds: readonly number[],
): Promise<{ orders: ComparedOrder[]; unknown: UnknownOrder[] }> {
  // The providers' side first: a step's intent is saved before its call, so that no record is seen without its step.
  const records = await providerRecordsOf(db, orderIds);
  const ids = orderIds as number[];
  const rows = (await db('orders')
    .whereIn('id', ids)
    .orderBy('id')
    .select('id', 'status', 'currency', {
      sagaState: 'saga_state',
      totalMinor: 'total_minor',
      createdAt: 'created_at',
    })
    .select(db.raw('greatest(updated_at, saga_state_at) as "changedAt"'))) as Pick<
    ComparedOrder,
    'id' | 'status' | 'sagaState' | 'totalMinor' | 'currency' | 'createdAt' | 'changedAt'
  >[];
  const refunded = rows.filter(({ status }) => status === 'REFUNDED').map(({ id }) => id);
  const [steps, money, decisions, refunds] = await Promise.all([
    stepsOf(db, ids),
    moneyOf(db, ids),
    decisionsOf(db, ids),
    refunded.length > 0 ? refundsOf(db, refunded) : [],
  ]);
  const [stepsBy, moneyBy, decisionsBy, refundsBy, recordsBy] = [
    byOrder(steps),
    byOrder(money),
    byOrder(decisions),
    byOrder(refunds),
    byOrder(records),
  ];
  const known = new Set(rows.map(({ id }) => id));
  return {
    orders: rows.map((order) => ({
      ...order,
      refundedFrom: refundsBy.get(order.id)?.at(-1)?.from,
      steps: stepsBy.get(order.id) ?? [],
      money: moneyBy.get(order.id) ?? [],
      endedByHand: (decisionsBy.get(order.id) ?? []).map(({ step }) => step),
      records: recordsBy.get(order.id) ?? [],
    })),
    unknown: [...recordsBy].filter(([id]) => !known.has(id)).map(([id, ofOrder]) => ({ id, records: ofOrder })),
  };
}

async function stepsOf(db: DbOrTrx, ids: number[]): Promise<OfOrder<ComparedStep>[]> {
  return (await db('saga_steps')
    .whereIn('order_id', ids)
    .whereIn('step', ['payment', 'shipment', 'warehouse'])
    .select('key', 'step', 'attempt', 'state', {
      orderId: 'order_id',
      providerRef: 'provider_ref',
      updatedAt: 'updated_at',
    })) as OfOrder<ComparedStep>[];
}

async function moneyOf(db: DbOrTrx, ids: number[]): Promise<OfOrder<ComparedMoney>[]> {
  const sumOf = (kind: string, as: string) =>
    db.raw('coalesce(sum(amount_minor) filter (where kind = ?), 0)::bigint as ??', [kind, as]);
  return (await db('money_movements')
    .whereIn('order_id', ids)
    .groupBy('order_id', 'key')
    .select('key', { orderId: 'order_id' })
    .select(sumOf('charge', 'chargedMinor'), sumOf('refund', 'refundedMinor'), sumOf('adjustment', 'adjustedMinor'))
    .select(db.raw(`coalesce(array_agg(distinct provider_ref) filter (where provider_ref <> ''), '{}') as refs`))
    .max({ changedAt: 'at' })) as OfOrder<ComparedMoney>[];
}

async function decisionsOf(db: DbOrTrx, ids: number[]): Promise<OfOrder<{ step: string }>[]> {
  return (await db('resolutions')
    .whereIn('order_id', ids)
    .whereIn('decision', ['SKIP', 'DONE_EXTERNALLY'])
    .select('step', { orderId: 'order_id' })) as OfOrder<{ step: string }>[];
}

/** Oldest first: one that was refused may have come before. */
async function refundsOf(db: DbOrTrx, ids: number[]): Promise<OfOrder<{ from: OrderStatus }>[]> {
  return (await db('timeline')
    .whereIn('order_id', ids)
    .where({ type: 'status' })
    .whereRaw(`data ->> 'to' = 'REFUND_REQUESTED'`)
    .orderBy('id')
    .select({ orderId: 'order_id' }, db.raw(`data ->> 'from' as "from"`))) as OfOrder<{ from: OrderStatus }>[];
}

function byOrder<Row extends { readonly orderId: number }>(rows: readonly Row[]): Map<number, Row[]> {
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.orderId);
    if (group) group.push(row);
    else groups.set(row.orderId, [row]);
  }
  return groups;
}

/** Longer than any transaction takes: a movement's id may be later than its time. */
const TRANSACTION_MS = 60_000;

/**
 * Orders that were sold, cancelled or refunded since then, the newest first, by a walk back over the stock ledger: what ends an
 * attempt or an order moves its stock. Next is undefined once older movements than `since` are reached.
 */
export async function ordersWithMovedStock(
  db: DbOrTrx,
  page: { readonly since: Date; readonly before?: number | undefined; readonly limit: number },
): Promise<{ orderIds: number[]; next: number | undefined }> {
  const query = db('stock_movements').orderBy('id', 'desc').limit(page.limit);
  if (page.before !== undefined) query.where('id', '<', page.before);
  const rows = (await query.select('id', 'kind', 'at', { orderId: 'order_id' })) as {
    id: number;
    kind: string;
    at: Date;
    orderId: number | null;
  }[];
  const ended = rows.filter(({ kind, at }) => kind !== 'hold' && at >= page.since);
  const last = rows.at(-1);
  const isPast = last !== undefined && last.at.getTime() < page.since.getTime() - TRANSACTION_MS;
  return {
    orderIds: [...new Set(ended.flatMap(({ orderId }) => orderId ?? []))],
    next: rows.length < page.limit || isPast ? undefined : last?.id,
  };
}
