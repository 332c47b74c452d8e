import { stockDecreaseFailedEventSchema } from '../../../contracts/events';
import { TOPICS } from '../../../contracts/topics';
import type { Compensate } from '../../../contracts/workflow-api';
import { readEvent } from '../poison';
import { type Handler, knownOrder, outcomeOf } from './handler';

/** Another system could not take the stock: an order that is not paid yet is undone; our own are cancelled by now. */
export const stockFailed: Handler = async (record, dependencies) => {
  const { orderId, reason } = readEvent(record.value, stockDecreaseFailedEventSchema, dependencies.eventTimeZone);
  const order = await knownOrder(dependencies.db, orderId);
  if (order.status !== 'CREATED' && order.status !== 'PENDING_PAYMENT') return 'duplicate';
  const compensate: Compensate = {
    reason,
    actor: `kafka:${TOPICS.stockDecreaseFailed}`,
    code: 'STOCK_FAILED_ELSEWHERE',
  };
  return outcomeOf(await dependencies.workflows.orders.signal(orderId, 'compensate', compensate));
};
