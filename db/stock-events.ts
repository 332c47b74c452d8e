import { type EventRecord, newEvent } from '../contracts/event-record';
import { TOPICS } from '../contracts/topics';
import type { Order, OrderLine } from './orders';

/** The event by which an order's workflow starts. */
export function stockDecreaseRequested(
  { id, userEmail, createdAt }: Pick<Order, 'id' | 'userEmail' | 'createdAt'>,
  lines: readonly OrderLine[],
): EventRecord {
  return newEvent(TOPICS.stockDecreaseRequested, {
    eventCreatedAt: createdAt.toISOString(),
    orderId: id,
    userEmail,
    lines: lines.map(({ sku, quantity }) => ({ sku, quantity })),
  });
}
