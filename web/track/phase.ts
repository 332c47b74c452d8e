import type { OrderStatus } from '../api/orders';
import type { en } from '../language/en';
import type { Entries } from '../live/entries';

/** Where an order is for its customer: its status, and what is being done about it. */
export type Phase = keyof typeof en.phase;

type Seen = Pick<OrderStatus, 'status' | 'saga' | 'reason'>;

const BY_STATUS: Readonly<Record<Exclude<OrderStatus['status'], 'PENDING_PAYMENT' | 'COMPLETED'>, Phase>> = {
  CREATED: 'PLACED',
  PAYMENT_COMPLETED: 'PAID',
  PREPARING: 'PREPARING',
  IN_WAREHOUSE: 'STORING',
  SHIPMENT_STARTED: 'SHIPPED',
  IN_TRANSIT: 'IN_TRANSIT',
  REFUND_REQUESTED: 'REFUNDING',
  REFUNDED: 'REFUNDED',
  CANCELLED: 'CANCELLED',
};

export function phaseOf(seen: Seen, entries: Entries): Phase {
  const { status, saga } = seen;
  if (saga.state === 'NEEDS_OPERATOR') return 'CHECKING';
  if (status === 'COMPLETED') return isStored(seen) ? 'STORED' : 'DELIVERED';
  if (saga.state === 'COMPENSATING' && isBeingCancelled(seen, entries)) return 'CANCELLING';
  return status === 'PENDING_PAYMENT' ? whileUnpaid(seen, entries) : BY_STATUS[status];
}

/** Whether the goods go into the warehouse, and not to the customer. */
export function isStored({ status, saga }: Pick<Seen, 'status' | 'saga'>): boolean {
  if (status === 'IN_WAREHOUSE') return true;
  const step = saga.steps.findLast(({ step }) => step === 'warehouse');
  return step !== undefined && !['UNDONE', 'FAILED', 'SKIPPED'].includes(step.state);
}

function whileUnpaid({ saga, reason }: Seen, entries: Entries): Phase {
  if (saga.state === 'RUNNING' || saga.state === 'COMPENSATING') return 'PROCESSING';
  // A request is in the timeline before the order's workflow knows of it.
  const request = entries.findLast(({ type }) => type === 'request');
  if (request && request.data.state === undefined) return 'PROCESSING';
  if (request?.data.next === 'RETRY') return 'RETRYING';
  if (request?.data.next === 'CANCEL' || request?.data.next === 'GIVE_UP') return 'CANCELLING';
  return reason === undefined && request?.data.state === undefined ? 'TO_PAY' : 'DECLINED';
}

function isBeingCancelled({ reason }: Seen, entries: Entries): boolean {
  if (reason === 'HOLD_EXPIRED') return true;
  const about = entries.findLast(
    ({ type, data }) => type === 'notice' && typeof data.code === 'string' && data.code.startsWith('CANCEL'),
  );
  return about !== undefined && about.data.code !== 'CANCEL_REFUSED';
}
