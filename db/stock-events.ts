import { randomUUID } from 'node:crypto';
import type { StockDecreaseRequestedEvent } from '../contracts/events';
import type { Order, OrderLine } from './orders';

/** The event by which an order's workflow starts. */
export function stockDecreaseRequested(
  { id, userEmail, createdAt }: Pick<Order, 'id' | 'userEmail' | 'createdAt'>,
  lines: readonly OrderLine[],
): StockDecreaseRequestedEvent {
  return {
    eventId: randomUUID(),
    eventCreatedAt: createdAt.toISOString(),
    schemaVersion: 1,
    orderId: id,
    userEmail,
    lines: lines.map(({ sku, quantity }) => ({ sku, quantity })),
  };
}
