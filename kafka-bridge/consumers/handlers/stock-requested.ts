import { stockDecreaseRequestedEventSchema } from '../../../contracts/events';
import { readEvent } from '../poison';
import { type Handler, knownOrder, outcomeOf } from './handler';

/** A new order: its workflow starts. */
export const stockRequested: Handler = async (record, dependencies) => {
  const { orderId } = readEvent(record.value, stockDecreaseRequestedEventSchema, dependencies.eventTimeZone);
  const order = await knownOrder(dependencies.db, orderId);
  if (order.runId !== null) return 'duplicate';
  return outcomeOf(await dependencies.workflows.orders.start(orderId));
};
