import { randomUUID } from 'node:crypto';
import * as attemptActivities from '../../activities/attempt';
import * as refunds from '../../activities/refund';
import type { OrderProcessingEvent } from '../../contracts/events';
import * as attempts from '../../db/attempts';
import type { Db, Trx } from '../../db/connection';
import * as couponClaims from '../../db/coupon-claims';
import * as couponRequests from '../../db/coupon-requests';
import * as coupons from '../../db/coupons';
import * as idempotency from '../../db/idempotency';
import * as money from '../../db/money';
import * as notifications from '../../db/notifications';
import * as orders from '../../db/orders';
import { countSagasAtWork, ordersAtWork } from '../../db/orders-at-work';
import * as paymentRequests from '../../db/payment-requests';
import { recentProcessingTimes } from '../../db/processing-times';
import * as products from '../../db/products';
import * as requests from '../../db/requests';
import * as sagaDetails from '../../db/saga-details';
import * as sagaSteps from '../../db/saga-steps';
import * as stock from '../../db/stock';
import * as timeline from '../../db/timeline';
import { payBody } from './shop';

/** Orders of a seeded shop to ask about. */
export interface SeededOrders {
  readonly completed: number;
  readonly pending: number;
  readonly withCoupon: {
    readonly orderId: number;
    readonly requestId: string;
    readonly code: string;
    readonly userId: string;
  };
  /** Number of orders. */
  readonly count: number;
}

/** Asks within a transaction, or side by side. */
export type RepositoryQuery = (trx: Trx, db: Db) => Promise<unknown>;

/** What is asked about orders and coupons, by `file.function` of db/ or of what asks by itself. */
export function orderQueries(of: SeededOrders): Record<string, RepositoryQuery> {
  const { completed, pending, withCoupon, count } = of;
  const at = new Date();
  const key = { orderId: pending, eventId: `event-${pending}`, retryCount: 0 };
  const step = { orderId: completed, step: 'payment', attempt: 1 } as const;
  const moved = { orderId: pending, key: 'of-this-test' };
  const event = (orderId: number): OrderProcessingEvent => ({
    eventId: 'new',
    eventCreatedAt: at.toISOString(),
    schemaVersion: 1,
    orderId,
    userEmail: 'kim@example.com',
    requestDto: { ...payBody(), paymentRequest: { method: 'CARD', token: 'tok_visa' } },
    retryCount: 0,
  });
  const order = async (trx: Trx, orderId: number) => (await orders.lockOrder(trx, orderId)) as orders.Order;
  const couponRequest = async (trx: Trx) =>
    (await couponRequests.lockCouponRequest(trx, withCoupon.requestId)) as couponRequests.CouponRequest;
  const idempotencyId = { userId: 'user-1', method: 'POST', path: '/api/orders', key: 'key-1' };
  const claim = { id: idempotencyId, claimId: randomUUID() };
  const record = { topic: 'order-processing-topic', partition: 0, offset: '1', timestamp: '0' };
  const bytes = { key: null, value: null, headers: {} };
  const newOrder = {
    userId: 'user-1',
    userEmail: 'kim@example.com',
    currency: 'KRW',
    totalMinor: 900,
    lines: [{ sku: 'sku-1', name: 'Product', quantity: 1, unitPriceMinor: 1_000 }],
  };
  const couponOf = { ...withCoupon, discountMinor: 100 };

  const attempt = { ...key, attempt: 7 };
  const toSettle = { steps: ['payment' as const, 'shipment' as const], isStored: true, notification: 'x', at };

  const queries: Record<string, RepositoryQuery> = {
    'attempts.call': (trx) => attempts.call(trx, attempts.beginAttempt(attempt, at)),
    'attempts.callInOrder': async (trx) => {
      const calls = attempts.callInOrder(trx, [
        attempts.beginAttempt(attempt, at),
        attempts.beginStep(attempt, 'payment'),
      ]);
      const [, payment] = (await calls) as [unknown, attempts.BegunStep];
      const [, shipment] = (await attempts.callInOrder(trx, [
        attempts.finishStep(payment, { providerRef: 'ref', chargedMinor: 1 }),
        attempts.beginStep(attempt, 'shipment'),
      ])) as [unknown, attempts.BegunStep];
      return attempts.callInOrder(trx, [
        attempts.finishStep(shipment, { providerRef: 'parcel' }),
        attempts.makeMove('completePayment', attempt, ['payment', 'shipment'], at),
        attempts.settleAttempt(attempt, toSettle),
      ]);
    },
    'coupon-claims.findOwnCoupon': (trx) => couponClaims.findOwnCoupon(trx, withCoupon),
    'coupon-claims.redeemClaimedCoupon': (trx) => couponClaims.redeemClaimedCoupon(trx, withCoupon.orderId, at),
    'coupon-claims.unredeemCoupon': (trx) => couponClaims.unredeemCoupon(trx, withCoupon.orderId),
    'coupon-requests.admitCouponRequests': (trx) =>
      couponRequests.admitCouponRequests(trx, 'coupon-1', [
        { requestId: 'new', userId: 'new', userEmail: 'new@example.com', headers: {} },
        { requestId: withCoupon.requestId, userId: withCoupon.userId, userEmail: 'kim@example.com', headers: {} },
      ]),
    'coupon-requests.findCouponRequest': (trx) => couponRequests.findCouponRequest(trx, withCoupon.requestId),
    'coupon-requests.findCouponRequests': (trx) =>
      couponRequests.findCouponRequests(trx, [withCoupon.requestId, 'not-there']),
    'coupon-requests.lockCouponRequest': couponRequest,
    'coupon-requests.issueRequestedCoupons': async (trx) => {
      const asked = { requestId: 'asked', userId: 'asked', userEmail: 'asked@example.com', headers: {} };
      await couponRequests.admitCouponRequests(trx, 'coupon-1', [asked]);
      return couponRequests.issueRequestedCoupons(trx, [{ requestId: 'asked', at, headers: {} }], 'Yours: %s');
    },
    'coupon-requests.failRequest': async (trx) => {
      await trx('coupon_requests')
        .where({ request_id: withCoupon.requestId })
        .update({ order_id: null, redeemed_at: null, issued_at: null, status: 'REQUESTED' });
      await trx('coupons').where({ code: withCoupon.code }).decrement('issued', 1);
      return couponRequests.failRequest(trx, await couponRequest(trx), 'why');
    },
    'coupon-requests.failWaitingRequest': (trx) => couponRequests.failWaitingRequest(trx, withCoupon.requestId, 'why'),
    'coupon-requests.noteReplay': async (trx) => couponRequests.noteReplay(trx, await couponRequest(trx), 1),
    'coupon-requests.reopenRequest': async (trx) => couponRequests.reopenRequest(trx, await couponRequest(trx), 1),
    'coupons.findCoupon': (trx) => coupons.findCoupon(trx, 'coupon-1'),
    'coupons.putCoupon': async (trx) => {
      const coupon = (await coupons.findCoupon(trx, 'coupon-1')) as coupons.Coupon;
      return coupons.putCoupon(trx, { ...coupon, name: 'Renamed' });
    },
    'coupons.couponCounts': (trx) => coupons.couponCounts(trx, 'coupon-1'),
    'coupons.couponTruth': async (trx) => [
      await coupons.couponTruth(trx).shut('coupon-1'),
      await coupons.couponTruth(trx).known('coupon-1'),
    ],
    'idempotency.lockKeyedRequest': (trx) => idempotency.lockKeyedRequest(trx, idempotencyId),
    'idempotency.findKeyedRequest': (trx) => idempotency.findKeyedRequest(trx, idempotencyId),
    'idempotency.saveResponse': (trx) =>
      idempotency.saveResponse(trx, idempotencyId, { requestHash: 'h', statusCode: 201, body: {} }),
    'idempotency.claimRequest': (trx) =>
      idempotency.claimRequest(trx, claim, { requestHash: 'h', requestId: 'request-1' }),
    'idempotency.respondToClaim': (trx) => idempotency.respondToClaim(trx, claim, { statusCode: 202, body: {} }),
    'idempotency.releaseClaim': (trx) => idempotency.releaseClaim(trx, claim),
    'money.recordMoney': (trx) =>
      money.recordMoney(trx, { orderId: completed, kind: 'refund', amountMinor: 1, key: 'new' }),
    'money.netCharged': (trx) => money.netCharged(trx, `${completed}:payment:1`),
    'money.netChargedOfOrder': (trx) => money.netChargedOfOrder(trx, completed),
    'notifications.addNotification': (trx) =>
      notifications.addNotification(trx, {
        orderId: completed,
        outcome: 'X',
        dedupeKey: 'X',
        recipient: 'kim@example.com',
        body: 'x',
      }),
    'notifications.deliverNotifications': (trx) => notifications.deliverNotifications(trx, () => Promise.resolve()),
    'orders.insertOrder': async (trx) => {
      await trx('coupon_requests')
        .where({ order_id: withCoupon.orderId })
        .update({ order_id: null, redeemed_at: null });
      return orders.insertOrder(trx, { ...newOrder, coupon: couponOf });
    },
    'orders.lockOrder': (trx) => orders.lockOrder(trx, completed),
    'orders.findOrder': (trx) => orders.findOrder(trx, completed),
    'orders.linesOf': (trx) => orders.linesOf(trx, completed),
    'orders.ordersOfUser': async (trx) => [
      await orders.ordersOfUser(trx, 'user-7', { limit: 20 }),
      await orders.ordersOfUser(trx, 'user-7', { limit: 20, beforeId: count / 2 }),
    ],
    'orders.changeOrder': (trx) =>
      orders.changeOrder(trx, { id: withCoupon.orderId }, { through: ['CANCELLED'], sagaState: 'SETTLED', at }),
    'orders-at-work.countSagasAtWork': (trx) => countSagasAtWork(trx),
    'orders-at-work.ordersAtWork': (trx) => ordersAtWork(trx, { forMs: 20_000, limit: 200 }),
    'orders.setSagaState': (trx) => orders.setSagaState(trx, pending, { state: 'WAITING', at: new Date() }),
    'orders.claimForRefund': (trx) => orders.claimForRefund(trx, completed, 'run'),
    'payment-requests.savePaymentRequest': async (trx) => {
      await requests.skipPendingRequest(trx, key, 'why');
      const { userEmail: _, ...rest } = event(pending);
      const { userId } = await order(trx, pending);
      return paymentRequests.savePaymentRequest(trx, {
        userId,
        event: rest,
        payableIn: ['PENDING_PAYMENT'],
        refusedIn: [],
      });
    },
    'products.listProducts': (trx) => products.listProducts(trx),
    'products.findProducts': (trx) => products.findProducts(trx, ['sku-1', 'sku-2']),
    'products.putProduct': (trx) =>
      products.putProduct(trx, { sku: 'sku-1', name: 'Mug', priceMinor: 1, freeUnits: 7 }),
    'requests.insertRequest': (trx) => requests.insertRequest(trx, event(pending), 'kafka'),
    'requests.findRequest': (trx) => requests.findRequest(trx, key),
    'requests.latestDelivery': (trx) => requests.latestDelivery(trx, completed),
    'requests.msSinceRequested': (trx) => requests.msSinceRequested(trx, key),
    'requests.requestOfAttempt': (trx) => requests.requestOfAttempt(trx, { orderId: completed, attempt: 1 }),
    'requests.takeRequestRecord': async (trx) => {
      await requests.takeRequestRecord(trx, { event: event(pending), record, bytes });
      return requests.takeRequestRecord(trx, { event: { ...event(pending), eventId: key.eventId }, record, bytes });
    },
    'requests.markSignalled': (trx) => requests.markSignalled(trx, [key, { ...key, retryCount: 1 }]),
    'requests.recordBytesOf': (trx) => requests.recordBytesOf(trx, key),
    'requests.setRequestState': (trx) => requests.setRequestState(trx, key, 'RUNNING', { attempt: 2 }),
    'requests.hasOpenRequest': (trx) => requests.hasOpenRequest(trx, pending),
    'requests.closeRequests': (trx) => requests.closeRequests(trx, pending),
    'requests.recordFailure': (trx) => requests.recordFailure(trx, key, { code: 'NO', kind: 'REFUSED' }),
    'requests.skipPendingRequest': (trx) => requests.skipPendingRequest(trx, key, 'why'),
    'saga-steps.findStep': (trx) => sagaSteps.findStep(trx, step),
    'processing-times.recentProcessingTimes': recentProcessingTimes,
    'saga-steps.lockStep': (trx) => sagaSteps.lockStep(trx, step),
    'saga-steps.insertStep': (trx) => sagaSteps.insertStep(trx, { ...step, attempt: 9 }, 'UNDONE'),
    'saga-steps.advanceStep': (trx) => sagaSteps.advanceStep(trx, step, ['DONE'], { state: 'UNDOING' }),
    'saga-steps.stepsOfOrder': (trx) => sagaSteps.stepsOfOrder(trx, completed),
    'saga-details.sagaDetailsOf': (_, db) => sagaDetails.sagaDetailsOf(db, completed),
    'saga-details.findResolution': (trx) => sagaDetails.findResolution(trx, 'decision-100'),
    'saga-details.noteCompensation': (trx) =>
      sagaDetails.noteCompensation(trx, { orderId: completed, decisionId: 'new', reason: 'why', actor: 'lee' }),
    'saga-details.withdrawCompensation': (trx) => sagaDetails.withdrawCompensation(trx, 'decision-100'),
    'stock.reserveStock': async (trx) => {
      const { id: orderId } = (await orders.insertOrder(trx, newOrder)) as orders.PlacedOrder;
      return stock.reserveStock(trx, { orderId, runId: 'run', at, holdExpiresAt: at, notification: 'x' });
    },
    'stock.putBackStock': (trx) => stock.putBackStock(trx, moved),
    'stock.writeOffStock': (trx) => stock.writeOffStock(trx, { ...moved, reason: 'why' }),
    'timeline.addToTimeline': (trx) =>
      timeline.addToTimeline(trx, [{ orderId: completed, type: 'notice', data: {}, dedupeKey: 'new' }]),
    'timeline.keepReason': (trx) =>
      timeline.keepReason(trx, {
        orderId: completed,
        requestId: 'new',
        code: 'CANCEL_ASKED',
        reason: 'why',
        actor: 'customer',
      }),
    'timeline.timelineAfter': (trx) => timeline.timelineAfter(trx, completed, 0),
    'timeline.hasEndingRequest': (trx) => timeline.hasEndingRequest(trx, completed, 'new'),
    'activities/attempt': (trx) =>
      attemptActivities.createAttemptActivities({ db: trx, retry: { delayMs: 1 } }).failAttempt({
        ...key,
        attempt: 1,
        code: 'X',
        kind: 'DECLINED',
        next: 'AWAIT_CUSTOMER',
        holdExpiresAtMs: 0,
        atMs: 0,
      }),
    'activities/refund': async (trx) => {
      const refund = refunds.createRefundActivities({ db: trx, policy: {} as never });
      await refund.beginRefund({
        orderId: completed,
        runId: 'run',
        requestId: 'new',
        reason: 'why',
        actor: 'customer',
        atMs: 0,
      });
      return refund.refuseRefund({ orderId: completed, runId: 'run', code: 'X', atMs: 0 });
    },
  };
  for (const sagaState of ['RUNNING', 'WAITING', 'COMPENSATING', 'NEEDS_OPERATOR', 'SETTLED'] as const)
    queries[`saga-details.listSagas ${sagaState}`] = (trx) => sagaDetails.listSagas(trx, { sagaState, limit: 50 });
  for (const needsOperator of [true, false])
    queries[`saga-details.listSagas needs an operator: ${needsOperator}`] = (trx) =>
      sagaDetails.listSagas(trx, { needsOperator, before: count, limit: 50 });
  return queries;
}
