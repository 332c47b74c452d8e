import type { ComparedMoney } from '../../db/compared-orders';
import type { ProviderRecord } from '../../db/provider-records';
import type { Comparison, Difference } from './comparison';

/** I2, key by key: what the provider has taken and not given back is what the ledger says. */
export function paymentDifferences(comparison: Comparison): Difference[] {
  const { order, steps, records } = comparison;
  const keys = new Set([...order.money, ...steps, ...records].map(({ key }) => key));
  const found = [...keys].flatMap((key) => differenceOf(comparison, key) ?? []);
  return found.length > 0 ? found : paidByStatusAlone(comparison);
}

type Sums = Pick<ComparedMoney, 'chargedMinor' | 'refundedMinor' | 'adjustedMinor'>;
const NOTHING: Sums = { chargedMinor: 0, refundedMinor: 0, adjustedMinor: 0 };

function differenceOf(comparison: Comparison, key: string): Difference | undefined {
  const { order, isPaid, isResting } = comparison;
  const step = comparison.stepOf(key);
  const records = comparison.records.filter((record) => record.key === key);
  if (step?.state === 'SKIPPED' || !comparison.isOver(step, records)) return undefined;

  const movements = order.money.find((money) => money.key === key);
  const ledger = movements ?? NOTHING;
  const { leastMinor, mostMinor } = expectedOf(ledger, isPaid);
  const { capturedMinor, takenMinor, evidence } = takenBy(records);
  const [record] = records;
  const since = movements?.changedAt ?? record?.changedAt;
  const difference = (code: 'PAID_WITHOUT_ORDER' | 'PAYMENT_MISSING' | 'AMOUNT_DIFFERS', amountAtRiskMinor: number) =>
    comparison.difference(
      code,
      { key, record },
      {
        amountAtRiskMinor,
        since,
        evidence: {
          ...evidence,
          step: step?.state ?? null,
          ledgerChargedMinor: ledger.chargedMinor,
          ledgerRefundedMinor: ledger.refundedMinor,
          ledgerAdjustedMinor: ledger.adjustedMinor,
        },
      },
    );

  const isOtherCurrency = records.some((one) => one.capturedMinor > 0 && one.currency !== order.currency);
  if (isOtherCurrency && isResting) return difference('AMOUNT_DIFFERS', order.totalMinor);
  if (takenMinor > mostMinor) {
    const isItsPayment = isPaid && (step?.state === 'DONE' || ledger.chargedMinor > 0);
    return difference(isItsPayment ? 'AMOUNT_DIFFERS' : 'PAID_WITHOUT_ORDER', takenMinor - mostMinor);
  }
  if (takenMinor >= leastMinor || !isResting) return undefined;
  if (capturedMinor > 0) return difference('AMOUNT_DIFFERS', leastMinor - takenMinor);
  const isMissing = movements && comparison.mustBeSeen(movements.changedAt, record);
  return isMissing ? difference('PAYMENT_MISSING', leastMinor) : undefined;
}

/** What the provider may still have. What a person has adjusted, it may have kept, or given back since. */
function expectedOf({ chargedMinor, refundedMinor, adjustedMinor }: Sums, isPaid: boolean) {
  const keptMinor = Math.max(0, chargedMinor - refundedMinor);
  return isPaid
    ? { leastMinor: Math.max(0, keptMinor - adjustedMinor), mostMinor: keptMinor }
    : { leastMinor: 0, mostMinor: Math.min(keptMinor, adjustedMinor) };
}

/** Captured and not given back, as the provider has it. */
export function takenBy(records: readonly ProviderRecord[]) {
  const sum = (amountOf: (record: ProviderRecord) => number) =>
    records.reduce((total, record) => total + amountOf(record), 0);
  const capturedMinor = sum((record) => record.capturedMinor);
  const refundedMinor = sum((record) => record.refundedMinor);
  const [first] = records;
  return {
    capturedMinor,
    takenMinor: capturedMinor - refundedMinor,
    evidence: {
      ref: records.map(({ ref }) => ref).join(' ') || null,
      atProvider: records.map(({ status }) => status).join(' ') || null,
      capturedMinor,
      refundedMinor,
      currency: first?.currency ?? null,
    },
  };
}

function paidByStatusAlone(comparison: Comparison): Difference[] {
  const { order, provider } = comparison;
  const isMeant = comparison.isResting && comparison.isPaid && order.totalMinor > 0;
  const isCharged = order.money.some(({ chargedMinor }) => chargedMinor > 0);
  const mustBeSeen = [order.createdAt, order.changedAt].every((at) => comparison.mustBeSeen(at, undefined));
  if (!isMeant || isCharged || !mustBeSeen) return [];
  const evidence = {
    order: order.status,
    sagaState: order.sagaState,
    totalMinor: order.totalMinor,
    ledgerChargedMinor: 0,
  };
  const subject = `order-${order.id}`;
  const risk = { amountAtRiskMinor: order.totalMinor, since: order.changedAt };
  return [{ provider, finding: { code: 'PAYMENT_MISSING', subject, orderId: order.id, ...risk, evidence } }];
}
