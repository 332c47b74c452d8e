import type { ComparedOrder, ComparedStep } from '../../db/compared-orders';
import type { ProviderRecord } from '../../db/provider-records';
import { type Comparison, type Difference, STEP_OF } from './comparison';

/** What a provider makes of an order's goods. */
interface Goods {
  readonly live: 'LIVE_PARCEL' | 'LIVE_STORAGE';
  readonly missing: 'PARCEL_MISSING' | 'STORAGE_MISSING';
  isLive(record: ProviderRecord): boolean;
  /** Whether it stays when the money is given back. */
  outlivesRefund(record: ProviderRecord, order: ComparedOrder): boolean;
}

export const GOODS: Readonly<Record<'carrier' | 'warehouse', Goods>> = {
  carrier: {
    live: 'LIVE_PARCEL',
    missing: 'PARCEL_MISSING',
    isLive: ({ status }) => status !== 'CANCELLED',
    // Refunded on its way, it was given up as lost, and may still arrive; else it has arrived, at the customer's or in the warehouse.
    outlivesRefund: ({ status }, { refundedFrom }) =>
      status === 'DELIVERED' || (refundedFrom !== 'SHIPMENT_STARTED' && refundedFrom !== 'IN_TRANSIT'),
  },
  warehouse: {
    live: 'LIVE_STORAGE',
    missing: 'STORAGE_MISSING',
    isLive: ({ status }) => status === 'STORED',
    // A refund takes nothing out of storage, as designed: both sides have the goods, and no record of ours says otherwise.
    outlivesRefund: () => true,
  },
};

/** I10, and its other half: what was sold has its parcel, and its storage where it is stored. */
export function goodsDifferences(comparison: Comparison, goods: Goods): Difference[] {
  const { order, provider } = comparison;
  if (order.endedByHand.includes(STEP_OF[provider])) return [];
  const live = comparison.records.filter(goods.isLive);
  const unwanted = live.filter((record) => isUnwanted(comparison, record, goods));
  return [
    ...unwanted.map((record) => differenceOf(comparison, goods.live, record, comparison.stepOf(record.key))),
    ...missingSteps(comparison, live).map(({ step, record }) => differenceOf(comparison, goods.missing, record, step)),
  ];
}

function isUnwanted(comparison: Comparison, record: ProviderRecord, goods: Goods): boolean {
  const { order, isPaid } = comparison;
  const step = comparison.stepOf(record.key);
  if (!comparison.isOver(step, [record])) return false;
  if (step?.state !== 'DONE') return true;
  return !isPaid && !(order.status === 'REFUNDED' && goods.outlivesRefund(record, order));
}

/** Steps of a paid order that are done, and of which the provider has nothing. */
function missingSteps(comparison: Comparison, live: readonly ProviderRecord[]) {
  if (!comparison.isResting || !comparison.isPaid) return [];
  const done = comparison.steps.filter(({ key, state }) => state === 'DONE' && !live.some((one) => one.key === key));
  return done
    .map((step) => ({ step, record: comparison.records.find(({ key }) => key === step.key) }))
    .filter(({ step, record }) => comparison.mustBeSeen(step.updatedAt, record));
}

function differenceOf(
  comparison: Comparison,
  code: Goods['live' | 'missing'],
  record: ProviderRecord | undefined,
  step: ComparedStep | undefined,
): Difference {
  const { totalMinor, refundedFrom } = comparison.order;
  const key = record?.key ?? step?.key ?? '';
  const evidence = {
    ref: record?.ref ?? null,
    atProvider: record?.status ?? null,
    step: step?.state ?? null,
    ...(refundedFrom && { refundedFrom }),
  };
  const since = step?.updatedAt ?? record?.changedAt;
  // What was on its way at a refund stays.
  const isFixable = comparison.order.status === 'CANCELLED';
  const rest = { amountAtRiskMinor: totalMinor, since, evidence, ...(isFixable ? {} : { isFixable }) };
  return comparison.difference(code, { key, record }, rest);
}
