import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  TemporalFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { OrderPolicy, Reservation } from '../activities/stock';
import type { OrderSagaInput } from '../contracts/workflow-api';
import { isOnItsWay, type OrderStatus } from '../domain/order-status';
import { OrderContext } from './order-context';
import { advanceDelivery, followDelivery } from './order-delivery';
import { payAndShip, skipLateRequests } from './order-payment';
import { stockStep } from './order-steps';
import { failureOf, StepFailed } from './saga/step';

/** The life of one order, from its creation until it is completed, cancelled or handed to its refund. */
export async function orderSaga(input: OrderSagaInput): Promise<OrderStatus | 'DUPLICATE'> {
  const order = new OrderContext(input.orderId);
  CancellationScope.current().cancelRequested.catch(() => order.cancelledInTemporal());
  return CancellationScope.nonCancellable(() => run(order));
}

async function run(order: OrderContext): Promise<OrderStatus | 'DUPLICATE'> {
  try {
    return await fulfil(order);
  } catch (error) {
    // A cancel has ended the wait for what could not be done.
    if (error instanceof StepFailed && order.isCancelled) return cancel(order);
    throw asWorkflowFailure(error);
  }
}

async function fulfil(order: OrderContext): Promise<OrderStatus | 'DUPLICATE'> {
  const reservation = await reserveStock(order);
  if (reservation === 'DUPLICATE') return leaveToOtherRun(order);
  if (reservation === 'SHORT') return end(order, 'CANCELLED', 'STOCK_SHORTAGE');
  if (reservation === 'INTERRUPTED' || !(await payAndShip(order, reservation))) return cancel(order);
  if (order.view.status === 'COMPLETED') return end(order, 'COMPLETED');
  // Another run had come further than the attempt.
  if (order.resumedAt && isOnItsWay(order.resumedAt)) order.view.moveTo(order.resumedAt);
  const arrived = await followDelivery(order);
  return arrived ? end(order, arrived) : cancel(order);
}

async function reserveStock(order: OrderContext): Promise<OrderPolicy | 'SHORT' | 'DUPLICATE' | 'INTERRUPTED'> {
  const { orderId, saga, view, settlement } = order;
  const step = stockStep(orderId, workflowInfo().firstExecutionRunId, settlement, () => order.policy);
  const reservation: Reservation = await saga.run(step);
  if (reservation.outcome === 'UNKNOWN_ORDER') {
    view.publish('SETTLED', 'nothing');
    throw ApplicationFailure.nonRetryable(`there is no order ${orderId}`, 'ORDER_NOT_FOUND');
  }
  if (reservation.outcome !== 'HELD' && reservation.outcome !== 'CLOSED') return reservation.outcome;
  const { policy, totalMinor, hasCoupon } = reservation;
  order.policy = policy;
  order.facts = { totalMinor, hasCoupon };
  view.totalMinor = totalMinor;
  if (reservation.outcome === 'CLOSED') {
    order.resumeUndo(reservation, policy);
    return 'INTERRUPTED';
  }
  view.moveTo('PENDING_PAYMENT');
  if (reservation.resumed) order.resume(reservation.resumed);
  return policy;
}

/** Another run has the order: this one refuses an open cancel and touches nothing of the order. */
async function leaveToOtherRun(order: OrderContext): Promise<'DUPLICATE'> {
  order.isEnding = true;
  order.view.publish('SETTLED', 'nothing');
  await order.refuseCancel('DUPLICATE');
  await condition(allHandlersFinished);
  return 'DUPLICATE';
}

/** Undoes all that is in effect and ends the order as CANCELLED. */
async function cancel(order: OrderContext): Promise<OrderStatus> {
  order.isEnding = true;
  const { code, reason } = order.messages.openCancellation ?? order.endedBecause;
  await order.showCompensating();
  await order.saga.compensate();
  await order.activities.cancelOrder({ orderId: order.orderId, code, reason, atMs: Date.now() });
  order.messages.closeCancellation(null);
  return end(order, 'CANCELLED', code);
}

async function end(order: OrderContext, status: OrderStatus, reason?: string): Promise<OrderStatus> {
  order.isEnding = true;
  order.view.moveTo(status, reason);
  order.messages.closeCancellation(status === 'CANCELLED' ? null : `ORDER_${status}`);
  order.view.publish('SETTLED', 'nothing');
  do {
    await skipLateRequests(order);
    await countLateNews(order);
    await condition(allHandlersFinished);
  } while (order.messages.hasNews);
  return status;
}

/** The carrier's news of an order that has ended: counted in its timeline. */
async function countLateNews(order: OrderContext): Promise<void> {
  const { shipments } = order.messages;
  for (let late = shipments.shift(); late; late = shipments.shift()) await advanceDelivery(order, late);
}

/** Ends the workflow with the failure's code; an error in our own code fails the workflow task instead, until a new version mends it. */
function asWorkflowFailure(error: unknown): unknown {
  if (error instanceof ApplicationFailure || !(error instanceof StepFailed || error instanceof TemporalFailure))
    return error;
  const { code, message } = failureOf(error);
  return ApplicationFailure.nonRetryable(message, code);
}
