import type { DbOrTrx } from '../../db/connection';
import {
  type CouponCount,
  couponCodesAfter,
  couponCount,
  lateCouponRequests,
  overdueRows,
  stockDifferences,
} from '../../db/reconciliation';
import type { Finding } from '../../domain/finding';

const COUPONS_AT_ONCE = 100;
/** Of requests for coupons that came to no workflow: the others follow once these are gone. */
const MOST_LATE_REQUESTS = 1_000;

/** What is about no single order: products, coupons and their requests, the outbox; a part at a time, however long each takes. */
export async function* shopDifferences(
  db: DbOrTrx,
  { graceMs }: { readonly graceMs: number },
): AsyncGenerator<Finding[]> {
  yield await stockFindings(db);
  yield await outboxFindings(db, graceMs);
  yield await couponRequestFindings(db, graceMs);
  for (let codes = await couponCodesAfter(db, '', COUPONS_AT_ONCE); codes.length > 0; ) {
    for (const code of codes) yield await couponFindings(db, code);
    codes = await couponCodesAfter(db, codes.at(-1) ?? '', COUPONS_AT_ONCE);
  }
}

export async function stockFindings(db: DbOrTrx, only?: string): Promise<Finding[]> {
  const differing = await stockDifferences(db, only);
  return differing.map(({ sku, free, held, sold, put }) => ({
    code: 'STOCK_DIFFERS',
    subject: `sku-${sku}`,
    evidence: { sku, free, held, sold, put, difference: free + held + sold - put },
  }));
}

export async function couponFindings(db: DbOrTrx, code: string): Promise<Finding[]> {
  const count = await couponCount(db, code);
  return count ? findingsOf(count) : [];
}

function findingsOf(count: CouponCount): Finding[] {
  const { code, taken, issued, total, lastRank, requestsTaken, requestsIssued, highestRank } = count;
  const evidence = { code, total, taken, requestsTaken, issued, requestsIssued, lastRank, highestRank };
  const subject = `coupon-${code}`;
  // Ranks of failed requests that were purged are not given again: the counter may be ahead of the rows.
  const isCounted = issued === requestsIssued && taken >= requestsTaken && lastRank >= highestRank && taken <= total;
  return [
    ...(taken > requestsTaken ? [{ code: 'SLOT_WITHOUT_OWNER', subject, evidence } as const] : []),
    ...(isCounted ? [] : [{ code: 'COUPON_DIFFERS', subject, evidence } as const]),
  ];
}

export async function couponRequestFindings(db: DbOrTrx, graceMs: number): Promise<Finding[]> {
  const late = await lateCouponRequests(db, graceMs, MOST_LATE_REQUESTS);
  return late.map(({ requestId, code, requestedAt }) => ({
    code: 'REQUEST_WITHOUT_RECORD',
    subject: `request-${requestId}`,
    since: requestedAt,
    evidence: { code, topic: 'coupon.issue', requestId },
  }));
}

/** One a topic: what is behind the oldest row waits for the same reason. */
export async function outboxFindings(db: DbOrTrx, graceMs: number): Promise<Finding[]> {
  const overdue = await overdueRows(db, graceMs);
  return overdue.map(({ topic, id, key, dueAt }) => ({
    code: 'UNPUBLISHED_ROW',
    subject: `outbox/${topic}`,
    since: dueAt,
    evidence: { topic, oldestRow: id, key, dueAt: dueAt.toISOString() },
  }));
}
