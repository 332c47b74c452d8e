import { shipmentStatusEventSchema } from '../../../contracts/events';
import type { ShipmentUpdated } from '../../../contracts/workflow-api';
import type { OrderStatus } from '../../../domain/order-status';
import { readEvent } from '../poison';
import { type Handler, knownOrder, outcomeOf } from './handler';

/** Statuses after which a parcel's news changes nothing. */
const ENDED: ReadonlySet<OrderStatus> = new Set(['COMPLETED', 'REFUND_REQUESTED', 'REFUNDED', 'CANCELLED']);

/** The carrier's news: the workflow sorts out what is ahead, behind or too early. */
export const shipmentUpdated: Handler = async (record, dependencies) => {
  const { orderId, eventId, status, trackingNumber } = readEvent(
    record.value,
    shipmentStatusEventSchema,
    dependencies.eventTimeZone,
  );
  const order = await knownOrder(dependencies.db, orderId);
  if (ENDED.has(order.status)) return 'duplicate';
  const update: ShipmentUpdated = { eventId, status, ...(trackingNumber === undefined ? {} : { trackingNumber }) };
  return outcomeOf(await dependencies.workflows.orders.signal(orderId, 'shipmentUpdated', update));
};
