import { randomUUID } from 'node:crypto';
import { SIGNALS } from '../../contracts/workflow/messages';
import { COUPON_OUTCOMES } from './coupon-outcomes';
import { DEAD_LETTER_OUTCOMES } from './dead-letter-replay-outcomes';
import {
  compensated,
  delivered,
  ended,
  endedRefund,
  type Play,
  paid,
  refunded,
  refusalsAre,
  requestsAre,
  resolved,
} from './plays';
import { RECONCILIATION_OUTCOMES } from './reconciliation-outcomes';

/** Every way in which an order, a refund or a request for a coupon ends, and the detours that change what a workflow does. */
export const OUTCOMES: Readonly<Record<string, Play>> = {
  async 'paid-and-delivered'(harness) {
    const { orderId } = await harness.preparing();
    for (const status of ['SHIPMENT_STARTED', 'IN_TRANSIT', 'SHIPMENT_STARTED'] as const)
      await harness.shipmentUpdate(orderId, status);
    return delivered(harness, orderId);
  },
  async 'news-before-it-was-paid'(harness) {
    const { orderId } = await harness.payable();
    await harness.shipmentUpdate(orderId, 'DELIVERED');
    await harness.pay(orderId);
    return ended(harness, orderId, 'COMPLETED');
  },
  stored: async (harness) => ended(harness, await paid(harness, { warehouseStorage: true }), 'COMPLETED'),
  async shortage(harness) {
    const { orderId } = await harness.order(5, 2);
    await harness.start(orderId);
    return ended(harness, orderId, 'CANCELLED');
  },
  async 'declined-then-paid'(harness) {
    const orderId = await paid(harness, { token: 'tok_declined' });
    await requestsAre(harness, orderId, 'FAILED');
    await harness.pay(orderId);
    await harness.reaches(orderId, 'PREPARING/WAITING');
    return delivered(harness, orderId);
  },
  async 'declined-three-times'(harness) {
    const { orderId } = await harness.payable();
    for (const states of ['FAILED', 'FAILED,FAILED', 'FAILED,FAILED,FAILED']) {
      await harness.pay(orderId, { token: 'tok_declined' });
      await requestsAre(harness, orderId, states);
    }
    return ended(harness, orderId, 'CANCELLED');
  },
  'hold-expired': async (harness) => ended(harness, (await harness.payable()).orderId, 'CANCELLED'),
  'shipment-refused-then-hold-expired': async (harness) =>
    ended(harness, await paid(harness, { recipientName: 'fault:ship_refused' }), 'CANCELLED'),
  async 'storage-refused-then-compensated'(harness) {
    const orderId = await paid(harness, { recipientName: 'fault:store_refused', warehouseStorage: true });
    await requestsAre(harness, orderId, 'FAILED');
    return compensated(harness, orderId);
  },
  async 'time-out-found'(harness) {
    const orderId = await paid(harness, { token: 'tok_timeout_after_charge' });
    await harness.reaches(orderId, 'PREPARING/WAITING');
    return delivered(harness, orderId);
  },
  async 'retry-then-paid'(harness) {
    const { orderId } = await harness.payable();
    await harness.providers.outage(orderId, 'unavailable');
    const { eventId } = await harness.pay(orderId);
    await requestsAre(harness, orderId, 'FAILED,PENDING');
    await harness.providers.outage(orderId, 'none');
    await harness.signal(orderId, SIGNALS.paymentRequested, { eventId, retryCount: 1 });
    await harness.reaches(orderId, 'PREPARING/WAITING');
    return delivered(harness, orderId);
  },
  async 'retries-exhausted'(harness) {
    const { orderId } = await harness.payable();
    const { eventId } = await harness.pay(orderId, { token: 'tok_unavailable' });
    for (const [index, states] of ['FAILED,PENDING', 'FAILED,FAILED,PENDING'].entries()) {
      await requestsAre(harness, orderId, states);
      await harness.signal(orderId, SIGNALS.paymentRequested, { eventId, retryCount: index + 1 });
    }
    return ended(harness, orderId, 'CANCELLED');
  },
  'parked-then-retry': (harness) => resolved(harness, 'RETRY', 1),
  'parked-then-skip': (harness) => resolved(harness, 'SKIP'),
  'parked-then-done-externally': (harness) =>
    resolved(harness, 'DONE_EXTERNALLY', 99, { reference: 'bank transfer 4711' }),
  async 'parked-then-unparked-by-itself'(harness) {
    const { orderId } = await harness.payable();
    await harness.providers.outage(orderId, 'slow', 'carrier', 300);
    await harness.pay(orderId, { recipientName: 'fault:ship_refused' });
    await harness.reachesStep(orderId, 'shipment');
    await harness.providers.outage(orderId, 'unavailable');
    await harness.reaches(orderId, 'PENDING_PAYMENT/NEEDS_OPERATOR');
    await harness.providers.outage(orderId, 'none');
    await harness.reaches(orderId, 'PENDING_PAYMENT/WAITING');
    return compensated(harness, orderId);
  },
  async 'cancelled-from-preparing'(harness) {
    const { orderId } = await harness.preparing();
    await harness.cancel(orderId);
    return ended(harness, orderId, 'CANCELLED');
  },
  async 'cancelled-in-temporal'(harness) {
    const { orderId } = await harness.preparing();
    await harness.orderHandle(orderId).cancel();
    return ended(harness, orderId, 'CANCELLED');
  },
  async 'cancelled-while-charged'(harness) {
    const { orderId } = await harness.payable();
    await harness.providers.outage(orderId, 'slow', 'payment', 300);
    await harness.pay(orderId);
    await harness.reachesStep(orderId, 'payment');
    await harness.cancel(orderId);
    return ended(harness, orderId, 'CANCELLED');
  },
  async 'cancel-refused'(harness) {
    const { orderId } = await harness.preparing();
    await harness.providers.pickUp(orderId);
    await harness.cancel(orderId);
    return delivered(harness, orderId);
  },
  async 'messages-refused'(harness) {
    const { orderId } = await harness.payable();
    for (const name of Object.values(SIGNALS))
      if (name !== SIGNALS.refundStarted) await harness.signal(orderId, name, 'nonsense');
    await refusalsAre(harness, orderId, 4);
    return compensated(harness, orderId);
  },
  async 'card-number-refused'(harness) {
    const { orderId } = await harness.payable();
    await harness.signal(orderId, SIGNALS.compensate, { reason: 'paid with 4111 1111 1111 1111', actor: 'lee' });
    await refusalsAre(harness, orderId, 1);
    return compensated(harness, orderId);
  },
  async 'claimed-by-another'(harness) {
    const { orderId } = await harness.order();
    await harness.db('orders').where({ id: orderId }).update({ run_id: randomUUID() });
    await harness.start(orderId);
    return ended(harness, orderId, 'DUPLICATE');
  },
  async 'refund-done'(harness) {
    const orderId = await paid(harness, { warehouseStorage: true });
    await ended(harness, orderId, 'COMPLETED');
    return refunded(harness, orderId, 'REFUNDED');
  },
  async 'refund-refused'(harness) {
    const orderId = await paid(harness, { token: 'tok_undo_refused:1', warehouseStorage: true });
    await ended(harness, orderId, 'COMPLETED');
    return refunded(harness, orderId, 'COMPLETED');
  },
  async 'refund-of-a-lost-parcel'(harness) {
    const { orderId } = await harness.preparing();
    await harness.shipmentUpdate(orderId, 'IN_TRANSIT');
    await harness.reaches(orderId, 'IN_TRANSIT/WAITING');
    return {
      ...(await refunded(harness, orderId, 'REFUNDED')),
      ...(await ended(harness, orderId, 'REFUND_REQUESTED')),
    };
  },
  async 'refund-parked'(harness) {
    const orderId = await paid(harness, { warehouseStorage: true });
    await ended(harness, orderId, 'COMPLETED');
    await harness.providers.outage(orderId, 'unavailable');
    await harness.startRefund(orderId);
    await harness.reaches(orderId, 'REFUND_REQUESTED/NEEDS_OPERATOR');
    await harness.providers.outage(orderId, 'none');
    return endedRefund(harness, orderId, 'REFUNDED');
  },
  ...COUPON_OUTCOMES,
  ...DEAD_LETTER_OUTCOMES,
  ...RECONCILIATION_OUTCOMES,
};
