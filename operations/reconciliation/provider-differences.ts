import type { ComparedOrder } from '../../db/compared-orders';
import type { ProviderRecord } from '../../db/provider-records';
import { type ComparedAt, Comparison, type Difference, isRecent, STEP_OF } from './comparison';
import { GOODS, goodsDifferences } from './goods-differences';
import { paymentDifferences, takenBy } from './payment-differences';

/** What differs between an order and what the providers have of it. */
export function differencesOf(order: ComparedOrder, at: ComparedAt): Difference[] {
  return [
    ...paymentDifferences(new Comparison(order, 'payment', at)),
    ...goodsDifferences(new Comparison(order, 'carrier', at), GOODS.carrier),
    ...goodsDifferences(new Comparison(order, 'warehouse', at), GOODS.warehouse),
  ];
}

/** What the providers have of an order that we do not know. */
export function differencesOfUnknown(records: readonly ProviderRecord[], at: ComparedAt): Difference[] {
  return records.flatMap((record) => differenceOfUnknown(record, at) ?? []);
}

function differenceOfUnknown(record: ProviderRecord, at: ComparedAt): Difference | undefined {
  const { provider, ref, key, status, orderId, changedAt: since } = record;
  if (isRecent(since, at)) return undefined;
  // Without an order there is no step to undo, and no order to list it under.
  const about = { subject: `${STEP_OF[provider]}/${ref}`, step: STEP_OF[provider], since, isFixable: false } as const;
  if (provider === 'payment') {
    const { takenMinor, evidence } = takenBy([record]);
    if (takenMinor <= 0) return undefined;
    const finding = { ...about, amountAtRiskMinor: takenMinor, evidence: { unknownOrder: orderId, key, ...evidence } };
    return { provider, finding: { code: 'PAID_WITHOUT_ORDER', ...finding } };
  }
  const goods = GOODS[provider];
  if (!goods.isLive(record) || status === 'DELIVERED') return undefined;
  return {
    provider,
    finding: { code: goods.live, ...about, evidence: { unknownOrder: orderId, key, ref, atProvider: status } },
  };
}
