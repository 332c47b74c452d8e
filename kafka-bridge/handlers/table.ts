import { CONSUMED, type ConsumedTopic, TOPICS, topicDefinition } from '../../contracts/topics';
import { Batches } from '../../db/batches';
import { findCouponRequests } from '../../db/coupon-requests';
import type { OrderStatus } from '../../domain/order-status';
import { readEvent } from '../consumers/poison';
import type { Subscription } from '../consumers/subscription';
import { couponRequested } from './coupon-requested';
import { type Handler, type HandlerDependencies, knownOrder, outcomeOf } from './handler';
import { processingRequested } from './processing-requested';

/** Statuses after which the carrier's scans change nothing. */
const ENDED: ReadonlySet<OrderStatus> = new Set(['COMPLETED', 'REFUND_REQUESTED', 'REFUNDED', 'CANCELLED']);

/** What each topic's events do. */
const HANDLERS: { readonly [T in ConsumedTopic]: Handler<T> } = {
  /** A new order: its workflow starts. */
  async 'stock.decrease.requested'({ orderId }, { db, workflows }) {
    const order = await knownOrder(db, orderId);
    if (order.runId !== null) return 'duplicate';
    return outcomeOf(await workflows.orders.start(orderId));
  },

  /** Another system could not take the stock: an order that is not paid yet is undone; our own are cancelled by now. */
  async 'stock.decrease.failed'({ orderId, reason }, { db, workflows }) {
    const order = await knownOrder(db, orderId);
    if (order.status !== 'CREATED' && order.status !== 'PENDING_PAYMENT') return 'duplicate';
    const actor = `kafka:${TOPICS.stockDecreaseFailed}`;
    const compensate = { reason, actor, code: 'STOCK_FAILED_ELSEWHERE' } as const;
    return outcomeOf(await workflows.orders.signal(orderId, 'compensate', compensate));
  },

  'order-processing-topic': processingRequested,
  'order-retry-topic': processingRequested,

  /** The carrier's scan: the workflow sorts out whether it is ahead, behind or too early. */
  async 'shipment.status'({ orderId, eventId, status, trackingNumber }, { db, workflows }) {
    const order = await knownOrder(db, orderId);
    if (ENDED.has(order.status)) return 'duplicate';
    const update = { eventId, status, ...(trackingNumber === undefined ? {} : { trackingNumber }) };
    return outcomeOf(await workflows.orders.signal(orderId, 'shipmentUpdated', update));
  },

  'coupon.issue': couponRequested,
};

/** What the bridge reads, and how it handles each record. */
export function subscriptionsOf(given: Omit<HandlerDependencies, 'couponRequests'>): Subscription[] {
  const couponRequests = new Batches((ids: readonly string[]) => findCouponRequests(given.db, ids));
  const dependencies: HandlerDependencies = { ...given, couponRequests };
  return CONSUMED.map((consumed) => ({ ...consumed, handle: recordHandler(consumed.topic, dependencies) }));
}

function recordHandler<T extends ConsumedTopic>(topic: T, dependencies: HandlerDependencies): Subscription['handle'] {
  const { schema } = topicDefinition(topic);
  const handle: Handler<T> = HANDLERS[topic];
  return async (record) => handle(readEvent(record.value, schema, dependencies.eventTimeZone), dependencies, record);
}
