import { randomUUID } from 'node:crypto';
import { SIGNALS } from '../../contracts/workflow-api';
import { COUPON_OUTCOMES } from './coupon-outcomes';
import { LETTER_OUTCOMES } from './letter-outcomes';
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

/** Every way in which an order, a refund or a request for a coupon ends, and the detours that change what a workflow does. */
export const OUTCOMES: Readonly<Record<string, Play>> = {
  async 'paid-and-delivered'(lab) {
    const { orderId } = await lab.preparing();
    for (const status of ['SHIPMENT_STARTED', 'IN_TRANSIT', 'SHIPMENT_STARTED'] as const)
      await lab.shipmentUpdate(orderId, status);
    return delivered(lab, orderId);
  },
  async 'news-before-it-was-paid'(lab) {
    const { orderId } = await lab.payable();
    await lab.shipmentUpdate(orderId, 'DELIVERED');
    await lab.pay(orderId);
    return ended(lab, orderId, 'COMPLETED');
  },
  stored: async (lab) => ended(lab, await paid(lab, { warehouseStorage: true }), 'COMPLETED'),
  async shortage(lab) {
    const { orderId } = await lab.order(5, 2);
    await lab.start(orderId);
    return ended(lab, orderId, 'CANCELLED');
  },
  async 'declined-then-paid'(lab) {
    const orderId = await paid(lab, { token: 'tok_declined' });
    await requestsAre(lab, orderId, 'FAILED');
    await lab.pay(orderId);
    await lab.reaches(orderId, 'PREPARING/WAITING');
    return delivered(lab, orderId);
  },
  async 'declined-three-times'(lab) {
    const { orderId } = await lab.payable();
    for (const states of ['FAILED', 'FAILED,FAILED', 'FAILED,FAILED,FAILED']) {
      await lab.pay(orderId, { token: 'tok_declined' });
      await requestsAre(lab, orderId, states);
    }
    return ended(lab, orderId, 'CANCELLED');
  },
  'hold-expired': async (lab) => ended(lab, (await lab.payable()).orderId, 'CANCELLED'),
  'shipment-refused-then-hold-expired': async (lab) =>
    ended(lab, await paid(lab, { recipientName: 'fault:ship_refused' }), 'CANCELLED'),
  async 'storage-refused-then-compensated'(lab) {
    const orderId = await paid(lab, { recipientName: 'fault:store_refused', warehouseStorage: true });
    await requestsAre(lab, orderId, 'FAILED');
    return compensated(lab, orderId);
  },
  async 'time-out-found'(lab) {
    const orderId = await paid(lab, { token: 'tok_timeout_after_charge' });
    await lab.reaches(orderId, 'PREPARING/WAITING');
    return delivered(lab, orderId);
  },
  async 'retry-then-paid'(lab) {
    const { orderId } = await lab.payable();
    await lab.outage(orderId, 'unavailable');
    const { eventId } = await lab.pay(orderId);
    await requestsAre(lab, orderId, 'FAILED,PENDING');
    await lab.outage(orderId, 'none');
    await lab.signal(orderId, SIGNALS.paymentRequested, { eventId, retryCount: 1 });
    await lab.reaches(orderId, 'PREPARING/WAITING');
    return delivered(lab, orderId);
  },
  async 'retries-exhausted'(lab) {
    const { orderId } = await lab.payable();
    const { eventId } = await lab.pay(orderId, { token: 'tok_unavailable' });
    for (const [index, states] of ['FAILED,PENDING', 'FAILED,FAILED,PENDING'].entries()) {
      await requestsAre(lab, orderId, states);
      await lab.signal(orderId, SIGNALS.paymentRequested, { eventId, retryCount: index + 1 });
    }
    return ended(lab, orderId, 'CANCELLED');
  },
  'parked-then-retry': (lab) => resolved(lab, 'RETRY', 1),
  'parked-then-skip': (lab) => resolved(lab, 'SKIP'),
  'parked-then-done-externally': (lab) => resolved(lab, 'DONE_EXTERNALLY', 99, { reference: 'bank transfer 4711' }),
  async 'parked-then-unparked-by-itself'(lab) {
    const { orderId } = await lab.payable();
    await lab.outage(orderId, 'slow', 'carrier', 300);
    await lab.pay(orderId, { recipientName: 'fault:ship_refused' });
    await lab.reachesStep(orderId, 'shipment');
    await lab.outage(orderId, 'unavailable');
    await lab.reaches(orderId, 'PENDING_PAYMENT/NEEDS_OPERATOR');
    await lab.outage(orderId, 'none');
    await lab.reaches(orderId, 'PENDING_PAYMENT/WAITING');
    return compensated(lab, orderId);
  },
  async 'cancelled-from-preparing'(lab) {
    const { orderId } = await lab.preparing();
    await lab.cancel(orderId);
    return ended(lab, orderId, 'CANCELLED');
  },
  async 'cancelled-in-temporal'(lab) {
    const { orderId } = await lab.preparing();
    await lab.orderHandle(orderId).cancel();
    return ended(lab, orderId, 'CANCELLED');
  },
  async 'cancelled-while-charged'(lab) {
    const { orderId } = await lab.payable();
    await lab.outage(orderId, 'slow', 'payment', 300);
    await lab.pay(orderId);
    await lab.reachesStep(orderId, 'payment');
    await lab.cancel(orderId);
    return ended(lab, orderId, 'CANCELLED');
  },
  async 'cancel-refused'(lab) {
    const { orderId } = await lab.preparing();
    await lab.pickUp(orderId);
    await lab.cancel(orderId);
    return delivered(lab, orderId);
  },
  async 'messages-refused'(lab) {
    const { orderId } = await lab.payable();
    for (const name of Object.values(SIGNALS))
      if (name !== SIGNALS.refundStarted) await lab.signal(orderId, name, 'nonsense');
    await refusalsAre(lab, orderId, 4);
    return compensated(lab, orderId);
  },
  async 'card-number-refused'(lab) {
    const { orderId } = await lab.payable();
    await lab.signal(orderId, SIGNALS.compensate, { reason: 'paid with 4111 1111 1111 1111', actor: 'lee' });
    await refusalsAre(lab, orderId, 1);
    return compensated(lab, orderId);
  },
  async 'claimed-by-another'(lab) {
    const { orderId } = await lab.order();
    await lab.db('orders').where({ id: orderId }).update({ run_id: randomUUID() });
    await lab.start(orderId);
    return ended(lab, orderId, 'DUPLICATE');
  },
  async 'refund-done'(lab) {
    const orderId = await paid(lab, { warehouseStorage: true });
    await ended(lab, orderId, 'COMPLETED');
    return refunded(lab, orderId, 'REFUNDED');
  },
  async 'refund-refused'(lab) {
    const orderId = await paid(lab, { token: 'tok_undo_refused:1', warehouseStorage: true });
    await ended(lab, orderId, 'COMPLETED');
    return refunded(lab, orderId, 'COMPLETED');
  },
  async 'refund-of-a-lost-parcel'(lab) {
    const { orderId } = await lab.preparing();
    await lab.shipmentUpdate(orderId, 'IN_TRANSIT');
    await lab.reaches(orderId, 'IN_TRANSIT/WAITING');
    return { ...(await refunded(lab, orderId, 'REFUNDED')), ...(await ended(lab, orderId, 'REFUND_REQUESTED')) };
  },
  async 'refund-parked'(lab) {
    const orderId = await paid(lab, { warehouseStorage: true });
    await ended(lab, orderId, 'COMPLETED');
    await lab.outage(orderId, 'unavailable');
    await lab.startRefund(orderId);
    await lab.reaches(orderId, 'REFUND_REQUESTED/NEEDS_OPERATOR');
    await lab.outage(orderId, 'none');
    return endedRefund(lab, orderId, 'REFUNDED');
  },
  ...COUPON_OUTCOMES,
  ...LETTER_OUTCOMES,
};
