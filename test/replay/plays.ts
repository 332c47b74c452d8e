import { orderWorkflowId, refundWorkflowId, SIGNALS } from '../../contracts/workflow-api';
import type { OrderLab } from '../support/order-lab';
import { until } from '../support/until';

export type Kind = 'order' | 'refund' | 'coupon' | 'letters';

/** The workflows of one played outcome, at their end: the id of each kind's. */
export type Played = Readonly<Partial<Record<Kind, string>>>;

export type Play = (lab: OrderLab) => Promise<Played>;

type Wish = Parameters<OrderLab['pay']>[1];

export async function paid(lab: OrderLab, wish: Wish): Promise<number> {
  const { orderId } = await lab.payable();
  await lab.pay(orderId, wish);
  return orderId;
}

export async function delivered(lab: OrderLab, orderId: number): Promise<Played> {
  await lab.shipmentUpdate(orderId, 'DELIVERED');
  return ended(lab, orderId, 'COMPLETED');
}

export async function compensated(lab: OrderLab, orderId: number): Promise<Played> {
  await lab.signal(orderId, SIGNALS.compensate, { reason: 'asked for by phone', actor: 'lee' });
  return ended(lab, orderId, 'CANCELLED');
}

export async function resolved(lab: OrderLab, decision: string, refusals = 99, more = {}): Promise<Played> {
  const orderId = await paid(lab, { token: `tok_undo_refused:${refusals}`, recipientName: 'fault:ship_refused' });
  await lab.reaches(orderId, 'PENDING_PAYMENT/NEEDS_OPERATOR');
  await lab.resolve(orderId, 'payment', decision, more);
  await lab.reaches(orderId, 'PENDING_PAYMENT/WAITING');
  return compensated(lab, orderId);
}

export async function refunded(lab: OrderLab, orderId: number, result: string): Promise<Played> {
  await lab.startRefund(orderId);
  return endedRefund(lab, orderId, result);
}

export const endedRefund = (lab: OrderLab, orderId: number, result: string): Promise<Played> =>
  endedAs(lab, 'refund', refundWorkflowId(orderId), result);

export const ended = (lab: OrderLab, orderId: number, result: string): Promise<Played> =>
  endedAs(lab, 'order', orderWorkflowId(orderId), result);

export async function endedAs(lab: OrderLab, kind: Kind, workflowId: string, wanted: string): Promise<Played> {
  const result = await lab.handle(workflowId).result();
  if (result !== wanted) throw new Error(`ended as ${JSON.stringify(result)}, not as ${wanted}`);
  return { [kind]: workflowId };
}

export async function requestsAre(lab: OrderLab, orderId: number, wanted: string): Promise<void> {
  const ask = async () =>
    (await lab.db('processing_requests').where({ order_id: orderId }).orderBy('created_at').pluck('state')).join();
  await until(`requests of order ${orderId} to be ${wanted}`, ask, (states) => states === wanted);
}

export async function refusalsAre(lab: OrderLab, orderId: number, wanted: number): Promise<void> {
  const ask = () => lab.timeline(orderId, 'refused');
  await until(`${wanted} refusals of order ${orderId}`, ask, (rows) => rows.length === wanted);
}
