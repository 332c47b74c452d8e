import { orderFactsheets } from '../../db/order-facts';
import type { OpenFinding } from '../../db/reconciliation';
import type { Finding } from '../../domain/finding';
import { type ExaminedParts, examineOrders } from './examine-orders';
import { itemSubject } from './items';
import { isAtRest } from './order-rules';
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

/** What the steps and ledgers of an order say only while its saga is not at work. */
const OF_ORDERS_AT_REST: ReadonlySet<string> = new Set([
  'MISSING_UNDO',
  'MONEY_DIFFERS',
  'HOLD_WITHOUT_ORDER',
  'STOCK_DIFFERS',
  'SLOT_WITHOUT_OWNER',
  'COUPON_DIFFERS',
]);

/**
 * The finding as it is now, whatever has moved meanwhile; undefined: its cause is gone. 'UNKNOWN': its provider is unavailable, or
 * its order's saga is, or was just now, at work. What an order does within its grace period is no reason to close what was found of it.
 */
export async function reexamine(parts: ExaminedParts, item: OpenFinding): Promise<Finding | 'UNKNOWN' | undefined> {
  const isMeant = (found: Pick<Finding, 'code' | 'subject'>) => itemSubject(found) === item.subject;
  const now = { ...parts, graceMs: 0 };
  const wasMoving = await isMoving(parts, item);
  const found = OF_PROVIDERS.has(item.cause)
    ? await compared(now, item.orderId ?? Number(item.evidence?.unknownOrder))
    : await findingsAbout(parts, item);
  const finding = found === 'UNKNOWN' ? found : found.find(isMeant);
  return finding ?? (wasMoving || (await isMoving(parts, item)) ? 'UNKNOWN' : undefined);
}

async function compared(parts: ExaminedParts, orderId: number): Promise<readonly Finding[] | 'UNKNOWN'> {
  const { findings, undecided } = await compareOrders(parts, [orderId], parts);
  return undecided.length > 0 ? 'UNKNOWN' : findings;
}

/** Whether what is found of an order at rest cannot be seen now, because its saga is at work. */
async function isMoving({ db }: ExaminedParts, { cause, orderId }: OpenFinding): Promise<boolean> {
  if (orderId === null || !(OF_PROVIDERS.has(cause) || OF_ORDERS_AT_REST.has(cause))) return false;
  const [order] = await orderFactsheets(db, [orderId]);
  return order !== undefined && (!isAtRest(order) || order.status === 'REFUND_REQUESTED');
}

async function findingsAbout(parts: ExaminedParts, item: OpenFinding): Promise<Finding[]> {
  const { db, graceMs } = parts;
  if (item.orderId !== null) return examineOrders({ ...parts, graceMs: 0 }, [item.orderId]);
  const { sku, code, topic, requestId } = item.evidence ?? {};
  if (typeof sku === 'string') return stockFindings(db, sku);
  if (typeof requestId === 'string') return couponRequestFindings(db, graceMs);
  if (typeof topic === 'string') return outboxFindings(db, graceMs);
  return typeof code === 'string' ? couponFindings(db, code) : [];
}
