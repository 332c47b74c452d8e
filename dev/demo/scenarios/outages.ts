import { orderProcessingEventSchema } from '../../../contracts/events';
import type { Scenario } from './scenario';

export const timedOut: Scenario = {
  title: 'time-out after the charge',
  product: { name: 'Coffee grinder', price: 135_000, stock: 3 },
  quantity: 1,
  wanted: { status: 'PREPARING', ledger: ['charge'], sold: 1 },
  async play(order) {
    await order.reaches('PENDING_PAYMENT');
    await order.pay({ token: 'tok_timeout_after_charge' });
    await order.reaches('PREPARING');
  },
};

export const retried: Scenario = {
  title: 'provider down, paid by the retry',
  product: { name: 'Tea pot', price: 38_000, stock: 6 },
  quantity: 2,
  wanted: { status: 'PREPARING', ledger: ['charge'], sold: 2 },
  async play(order) {
    await order.reaches('PENDING_PAYMENT');
    await order.paymentProvider('unavailable');
    await order.pay({ token: 'tok_visa' });
    await order.attemptFails('PROVIDER_UNAVAILABLE', 'RETRY');
    await order.paymentProvider('none');
    await order.reaches('PREPARING');
  },
};

export const retriesExhausted: Scenario = {
  title: 'provider down, retries exhausted',
  product: { name: 'Rain coat', price: 88_000, stock: 2 },
  quantity: 1,
  wanted: { status: 'CANCELLED', ledger: [], sold: 0 },
  async play(order, { deadLetters }) {
    await order.reaches('PENDING_PAYMENT');
    await order.pay({ token: 'tok_unavailable' });
    await order.reaches('CANCELLED');
    const record = Buffer.from(await deadLetters.recordOf(order.id), 'base64').toString();
    const { eventId, retryCount } = orderProcessingEventSchema.parse(JSON.parse(record));
    order.say(`read from ${deadLetters.topic}: event ${eventId}, retryCount ${retryCount}`);
  },
};
