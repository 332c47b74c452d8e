import { TOPICS, topicDefinition } from '../../../contracts/topics';
import type { Scenario } from './scenario';

export const shortage: Scenario = {
  title: 'out of stock',
  product: { name: 'Limited print', price: 90_000, stock: 2 },
  quantity: 3,
  wanted: { status: 'CANCELLED', ledger: [], sold: 0 },
  async play(order, { stockFailures }) {
    await order.reaches('CANCELLED');
    const event = topicDefinition(TOPICS.stockDecreaseFailed).schema.parse(
      JSON.parse(await stockFailures.recordOf(order.id)),
    );
    const missing = event.shortages.map((short) => `${short.requested} wanted, ${short.available} there`);
    order.say(`read from ${stockFailures.topic}: ${missing.join('; ')}`);
  },
};

export const declined: Scenario = {
  title: 'card declined, paid by another',
  product: { name: 'Leather bag', price: 210_000, stock: 2 },
  quantity: 1,
  wanted: { status: 'PREPARING', ledger: ['charge'], sold: 1 },
  async play(order) {
    await order.reaches('PENDING_PAYMENT');
    await order.pay({ token: 'tok_declined' });
    await order.attemptFails('CARD_DECLINED', 'AWAIT_CUSTOMER');
    await order.pay({ token: 'tok_visa' });
    await order.reaches('PREPARING');
  },
};

export const shipmentRefused: Scenario = {
  title: 'shipment refused after the charge',
  product: { name: 'Garden bench', price: 320_000, stock: 2 },
  quantity: 1,
  wanted: { status: 'CANCELLED', ledger: ['charge', 'refund'], sold: 0 },
  async play(order) {
    await order.reaches('PENDING_PAYMENT');
    await order.pay({ token: 'tok_visa', recipientName: 'fault:ship_refused' });
    await order.attemptFails('SHIPMENT_REFUSED', 'AWAIT_CUSTOMER');
    await order.cancel('nobody delivers there');
    await order.reaches('CANCELLED');
  },
};

export const holdExpired: Scenario = {
  title: 'never paid, the hold runs out',
  product: { name: 'Concert ticket', price: 150_000, stock: 1 },
  quantity: 1,
  wanted: { status: 'CANCELLED', ledger: [], sold: 0 },
  async play(order) {
    await order.reaches('PENDING_PAYMENT');
    await order.reaches('CANCELLED');
  },
};
