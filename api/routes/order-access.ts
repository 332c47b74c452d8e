import type { Language } from '../../contracts/language';
import type { TimelineView } from '../../contracts/responses/common';
import type { OrderSummary, OrderView } from '../../contracts/responses/orders';
import type { DbOrTrx } from '../../db/connection';
import { findOrder, type Order, type OrderLine } from '../../db/orders';
import { type OrderStatus, statusLabel } from '../../domain/order-status';
import { publicTimelineData } from '../../domain/public-timeline';
import { type Identity, operatorOf, seesAllOrders } from '../access/identity';
import { ProblemError } from '../problem';

/** An order that this reader may see: another's is ORDER_NOT_FOUND, as if it did not exist. */
export async function visibleOrder(db: DbOrTrx, orderId: number, who: Identity): Promise<Order> {
  return visibleTo(who, await findOrder(db, orderId));
}

export function visibleTo(who: Identity, order: Order | undefined): Order {
  if (order === undefined || (order.userId !== who.userId && !seesAllOrders(who)))
    throw new ProblemError('ORDER_NOT_FOUND');
  return order;
}

/** An order whose course this user may change: the owner's, or any for an operator. */
export async function changeableOrder(db: DbOrTrx, orderId: number, who: Identity): Promise<Order> {
  const order = await visibleOrder(db, orderId, who);
  if (order.userId !== who.userId && who.role !== 'operator') throw new ProblemError('FORBIDDEN');
  return order;
}

/** The entries of a timeline as they are for this reader: operators and viewers see all that was recorded. */
export function entriesFor(who: Identity, entries: readonly TimelineView[]): readonly TimelineView[] {
  if (seesAllOrders(who)) return entries;
  return entries.map((entry) => ({ ...entry, data: publicTimelineData(entry.type, entry.data) }));
}

/** Whether this user can give an order of this status back: a parcel on its way can only be given up as lost, which an operator decides. */
export function isRefundable(status: OrderStatus, { role }: Identity): boolean {
  return status === 'COMPLETED' || (role === 'operator' && (status === 'SHIPMENT_STARTED' || status === 'IN_TRANSIT'));
}

/** What Temporal and its Web UI know of the actor: no address, no name. */
export function actorOf(order: Order, who: Identity): string {
  return order.userId === who.userId ? 'customer' : operatorOf(who);
}

/** What an order's owner sees of it. */
type ShownOrder = Pick<
  Order,
  | 'id'
  | 'status'
  | 'statusReason'
  | 'totalMinor'
  | 'currency'
  | 'couponCode'
  | 'discountMinor'
  | 'createdAt'
  | 'updatedAt'
>;

/** An order as its owner sees it in a list: without its lines. */
export function orderSummary(order: ShownOrder, language: Language): OrderSummary {
  return {
    orderId: order.id,
    status: order.status,
    statusDescription: statusLabel(order.status, language),
    ...(order.statusReason === null ? {} : { reason: order.statusReason }),
    totalAmount: order.totalMinor,
    currency: order.currency,
    ...(order.couponCode === null ? {} : { couponCode: order.couponCode, discountAmount: order.discountMinor }),
    createdAt: order.createdAt.toISOString(),
    lastUpdated: order.updatedAt.toISOString(),
  };
}

export function orderView(order: ShownOrder, lines: readonly OrderLine[], language: Language): OrderView {
  return {
    ...orderSummary(order, language),
    lines: lines.map(({ sku, name, quantity, unitPriceMinor }) => ({ sku, name, quantity, unitPrice: unitPriceMinor })),
  };
}
