import type { OpenFinding } from '../../db/reconciliation';
import type { Finding } from '../../domain/finding';
import { type ExaminedParts, examineOrders } from './examine-orders';
import { itemSubject } from './items';
import { compareOrders } from './provider-findings';
import { couponFindings, couponRequestFindings, outboxFindings, stockFindings } from './shop-rules';

const OF_PROVIDERS: ReadonlySet<string> = new Set([
  'PAID_WITHOUT_ORDER',
  'PAYMENT_MISSING',
  'AMOUNT_DIFFERS',
  'LIVE_PARCEL',
  'PARCEL_MISSING',
  'LIVE_STORAGE',
  'STORAGE_MISSING',
]);

/**
 * The finding as it is now, whatever has moved meanwhile; undefined: its cause is gone. 'UNKNOWN': its provider is unavailable. What an order
 * does within its grace period is no reason to close what was found of it.
 */
export async function reexamine(parts: ExaminedParts, item: OpenFinding): Promise<Finding | 'UNKNOWN' | undefined> {
  const isMeant = (found: Pick<Finding, 'code' | 'subject'>) => itemSubject(found) === item.subject;
  const now = { ...parts, graceMs: 0 };
  if (!OF_PROVIDERS.has(item.cause)) return (await findingsAbout(now, item)).find(isMeant);
  const orderId = item.orderId ?? Number(item.evidence?.unknownOrder);
  const { findings, undecided } = await compareOrders(now, [orderId], now);
  return undecided.some(isMeant) ? 'UNKNOWN' : findings.find(isMeant);
}

async function findingsAbout(parts: ExaminedParts, item: OpenFinding): Promise<Finding[]> {
  const { db, graceMs } = parts;
  if (item.orderId !== null) return examineOrders(parts, [item.orderId]);
  const { sku, code, topic, requestId } = item.evidence ?? {};
  if (typeof sku === 'string') return stockFindings(db, sku);
  if (typeof requestId === 'string') return couponRequestFindings(db, graceMs);
  if (typeof topic === 'string') return outboxFindings(db, graceMs);
  return typeof code === 'string' ? couponFindings(db, code) : [];
}
