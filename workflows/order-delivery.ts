import type { ShipmentStatus, ShipmentUpdated } from '../contracts/workflow/messages';
import type { OrderStatus } from '../domain/order-status';
import type { OrderContext } from './order-context';
import { skipLateRequests } from './order-payment';

const STATUS_OF_PARCEL: Readonly<Record<ShipmentStatus, OrderStatus>> = {
  SHIPMENT_STARTED: 'SHIPMENT_STARTED',
  IN_TRANSIT: 'IN_TRANSIT',
  DELIVERED: 'COMPLETED',
};
/** Where the delivery is followed no longer. */
const ARRIVED: readonly OrderStatus[] = ['COMPLETED', 'REFUND_REQUESTED', 'REFUNDED'];

/** Follows the parcel: the status the order arrived at, or undefined when it is to be cancelled. */
export async function followDelivery(order: OrderContext): Promise<OrderStatus | undefined> {
  const { messages, view } = order;
  for (;;) {
    view.publish('WAITING', 'news from the carrier');
    await order.until(() => messages.hasNews || order.isCancelled || messages.isRefunding);
    await skipLateRequests(order);
    if (messages.isRefunding) return 'REFUND_REQUESTED';
    // Before a cancel: a worker that died had perhaps taken the news in, and a parcel on its way can't be recalled.
    const update = messages.shipments.shift();
    const status = update && (await advanceDelivery(order, update));
    if (update && status === 'PARCEL_UNDECIDED') messages.shipments.unshift(update);
    if (status && status !== 'PARCEL_UNDECIDED') {
      if (status !== view.status) view.moveTo(status);
      if (ARRIVED.includes(status)) return status;
      continue;
    }
    if (order.isCancelled && (await cancelDelivery(order))) return undefined;
  }
}

/** Takes the carrier's news in; the order's status from then on. */
export function advanceDelivery(
  { orderId, activities, isCancelled }: OrderContext,
  { status, eventId }: ShipmentUpdated,
): Promise<OrderStatus | 'PARCEL_UNDECIDED'> {
  return activities.advanceDelivery({ orderId, to: STATUS_OF_PARCEL[status], eventId, isCancelled, atMs: Date.now() });
}

/** Whether the open cancel may be carried out: not where the parcel has left. */
async function cancelDelivery(order: OrderContext): Promise<boolean> {
  const why = order.whyNotCancellable('operator');
  if (why === undefined) return recallParcel(order);
  await order.refuseCancel(why);
  return false;
}

/** Takes the parcel back first; the carrier has picked it up: the cancel is refused, and nothing else is undone. */
async function recallParcel(order: OrderContext): Promise<boolean> {
  const { orderId, saga, activities, messages, view } = order;
  await order.showCompensating();
  const parcel = order.paid.find(({ name }) => name === 'shipment');
  const refusal = parcel && (await saga.undoFirst(parcel, ({ code }) => code === 'ALREADY_PICKED_UP'));
  if (!parcel || !refusal) return true;
  saga.keep(parcel);
  order.mayGoOnForLong = true;
  await activities.keepShipment({ orderId, attempt: parcel.attempt });
  await activities.showSagaState({
    orderId,
    status: view.status,
    state: 'WAITING',
    notice: { code: 'CANCEL_REFUSED', reason: refusal.code, actor: messages.openCancellation?.actor ?? '' },
    atMs: Date.now(),
  });
  messages.closeCancellation(refusal.code);
  return false;
}
