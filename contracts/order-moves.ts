/** What those outside know of the moves of an order: where it can still come. */
import { nextStatuses, type OrderStatus } from '../domain/order-status';

export { ORDER_STATUSES, type OrderStatus } from '../domain/order-status';

/** Whether an order whose status is `from` is at `to`, or can still get there. */
export function canReach(from: OrderStatus, to: OrderStatus): boolean {
  const reached = new Set([from]);
  for (const status of reached) for (const next of nextStatuses(status)) reached.add(next);
  return reached.has(to);
}
