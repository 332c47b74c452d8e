import { SIGNALS } from '../../contracts/workflow/messages';
import { orderWorkflowId, refundWorkflowId } from '../../contracts/workflow-api';
import type { OrderHarness } from '../support/order-harness';
import { until } from '../support/until';

export type Kind = 'order' | 'refund' | 'coupon' | 'letters' | 'reconciliation' | 'schedule';

/** The workflows of one played outcome, at their end: the id of each kind's. */
export type Played = Readonly<Partial<Record<Kind, string>>>;

export type Play = (harness: OrderHarness) => Promise<Played>;

type Command = Parameters<OrderHarness['pay']>[1];

export async function paid(harness: OrderHarness, command: Command): Promise<number> {
  const { orderId } = await harness.payable();
  await harness.pay(orderId, command);
  return orderId;
}

export async function delivered(harness: OrderHarness, orderId: number): Promise<Played> {
  await harness.shipmentUpdate(orderId, 'DELIVERED');
  return ended(harness, orderId, 'COMPLETED');
}

export async function compensated(harness: OrderHarness, orderId: number): Promise<Played> {
  await harness.signal(orderId, SIGNALS.compensate, { reason: 'asked for by phone', actor: 'lee' });
  return ended(harness, orderId, 'CANCELLED');
}

export async function resolved(harness: OrderHarness, decision: string, refusals = 99, more = {}): Promise<Played> {
  const orderId = await paid(harness, { token: `tok_undo_refused:${refusals}`, recipientName: 'fault:ship_refused' });
  await harness.reaches(orderId, 'PENDING_PAYMENT/NEEDS_OPERATOR');
  await harness.resolve(orderId, 'payment', decision, more);
  await harness.reaches(orderId, 'PENDING_PAYMENT/WAITING');
  return compensated(harness, orderId);
}

export async function refunded(harness: OrderHarness, orderId: number, result: string): Promise<Played> {
  await harness.startRefund(orderId);
  return endedRefund(harness, orderId, result);
}

export const endedRefund = (harness: OrderHarness, orderId: number, result: string): Promise<Played> =>
  endedAs(harness, 'refund', refundWorkflowId(orderId), result);

export const ended = (harness: OrderHarness, orderId: number, result: string): Promise<Played> =>
  endedAs(harness, 'order', orderWorkflowId(orderId), result);

export async function endedAs(harness: OrderHarness, kind: Kind, workflowId: string, wanted: string): Promise<Played> {
  const result = await harness.handle(workflowId).result();
  if (result !== wanted) throw new Error(`ended as ${JSON.stringify(result)}, not as ${wanted}`);
  return { [kind]: workflowId };
}

export async function requestsAre(harness: OrderHarness, orderId: number, wanted: string): Promise<void> {
  const ask = async () =>
    (await harness.db('processing_requests').where({ order_id: orderId }).orderBy('created_at').pluck('state')).join();
  await until(`requests of order ${orderId} to be ${wanted}`, ask, (states) => states === wanted);
}

export async function refusalsAre(harness: OrderHarness, orderId: number, wanted: number): Promise<void> {
  const ask = () => harness.timeline(orderId, 'refused');
  await until(`${wanted} refusals of order ${orderId}`, ask, (rows) => rows.length === wanted);
}
