import { randomUUID } from 'node:crypto';
import { orderProcessingEventSchema } from '../../contracts/events';
import { TOPICS, topicDefinition } from '../../contracts/topics';
import { type ResolveCompensation, SIGNALS } from '../../contracts/workflow/messages';
import type { Scenario } from './scenario';

/** Every scenario, in the order of the table; they run side by side. */
export const SCENARIOS: readonly Scenario[] = [
  {
    title: 'paid, prepared, delivered',
    product: { name: 'Ceramic mug', price: 12_000, stock: 10 },
    quantity: 2,
    wanted: { status: 'COMPLETED', ledger: ['charge'], sold: 2 },
    async play(order) {
      await order.pay({ token: 'tok_visa' });
      await order.reaches('PREPARING');
      await order.scan('SHIPMENT_STARTED');
      await order.reaches('SHIPMENT_STARTED');
      await order.scan('IN_TRANSIT');
      await order.reaches('IN_TRANSIT');
      await order.scan('DELIVERED');
    },
  },
  {
    title: 'paid and stored',
    product: { name: 'Oak table', price: 480_000, stock: 3 },
    quantity: 1,
    wanted: { status: 'COMPLETED', ledger: ['charge'], sold: 1 },
    async play(order) {
      await order.pay({ token: 'tok_visa', warehouseStorage: true });
      await order.reaches('IN_WAREHOUSE');
    },
  },
  {
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
  },
  {
    title: 'card declined, paid by another',
    product: { name: 'Leather bag', price: 210_000, stock: 2 },
    quantity: 1,
    wanted: { status: 'PREPARING', ledger: ['charge'], sold: 1 },
    async play(order) {
      await order.pay({ token: 'tok_declined' });
      await order.sees('request', { state: 'FAILED', code: 'CARD_DECLINED', next: 'AWAIT_CUSTOMER' });
      await order.pay({ token: 'tok_visa' });
    },
  },
  {
    title: 'shipment refused after the charge',
    product: { name: 'Garden bench', price: 320_000, stock: 2 },
    quantity: 1,
    wanted: { status: 'CANCELLED', ledger: ['charge', 'refund'], sold: 0 },
    async play(order) {
      await order.pay({ token: 'tok_visa', recipientName: 'fault:ship_refused' });
      await order.sees('request', { state: 'FAILED', code: 'SHIPMENT_REFUSED', next: 'AWAIT_CUSTOMER' });
      await order.cancel('nobody delivers there');
    },
  },
  {
    title: 'time-out after the charge',
    product: { name: 'Coffee grinder', price: 135_000, stock: 3 },
    quantity: 1,
    wanted: { status: 'PREPARING', ledger: ['charge'], sold: 1 },
    play: (order) => order.pay({ token: 'tok_timeout_after_charge' }),
  },
  {
    title: 'provider down, paid by the retry',
    product: { name: 'Tea pot', price: 38_000, stock: 6 },
    quantity: 2,
    wanted: { status: 'PREPARING', ledger: ['charge'], sold: 2 },
    async play(order) {
      await order.reaches('PENDING_PAYMENT');
      await order.paymentProvider('unavailable');
      await order.pay({ token: 'tok_visa' });
      await order.sees('request', { state: 'FAILED', code: 'PROVIDER_UNAVAILABLE', next: 'RETRY' });
      await order.paymentProvider('none');
    },
  },
  {
    title: 'provider down, retries exhausted',
    product: { name: 'Rain coat', price: 88_000, stock: 2 },
    quantity: 1,
    wanted: { status: 'CANCELLED', ledger: [], sold: 0 },
    async play(order, { deadLetters }) {
      await order.pay({ token: 'tok_unavailable' });
      await order.reaches('CANCELLED');
      const record = Buffer.from(await deadLetters.recordOf(order.id), 'base64').toString();
      const { eventId, retryCount } = orderProcessingEventSchema.parse(JSON.parse(record));
      order.say(`read from ${deadLetters.topic}: event ${eventId}, retryCount ${retryCount}`);
    },
  },
  {
    title: 'never paid, the hold runs out',
    product: { name: 'Concert ticket', price: 150_000, stock: 1 },
    quantity: 1,
    wanted: { status: 'CANCELLED', ledger: [], sold: 0 },
    play: (order) => order.reaches('PENDING_PAYMENT'),
  },
  // The warehouse refuses, and then the carrier refuses to take the parcel back: the money is returned, a person decides.
  {
    title: 'undo fails, an operator resolves it',
    product: { name: 'Grand piano', price: 9_800_000, stock: 1 },
    quantity: 1,
    wanted: { status: 'PREPARING', ledger: ['charge', 'refund', 'charge'], sold: 1 },
    async play(order, { stack }) {
      const recipientName = 'fault:store_refused fault:undo_refused:1';
      await order.pay({ token: 'tok_visa', recipientName, warehouseStorage: true });
      await order.sees('notice', { sagaState: 'NEEDS_OPERATOR' });
      const why = { reason: 'the carrier was called', actor: 'kim' };
      const decision: ResolveCompensation = { decisionId: randomUUID(), step: 'shipment', decision: 'RETRY', ...why };
      await order.signal(stack, SIGNALS.resolveCompensation, decision);
      await order.sees('step', { step: 'shipment', state: 'UNDONE' });
      await order.sees('request', { state: 'FAILED', code: 'STORE_REFUSED', next: 'AWAIT_CUSTOMER' });
      await order.pay({ token: 'tok_visa' });
    },
  },
  {
    title: 'cancelled by the customer',
    product: { name: 'Linen shirt', price: 59_000, stock: 5 },
    quantity: 1,
    wanted: { status: 'CANCELLED', ledger: ['charge', 'refund'], sold: 0 },
    async play(order) {
      await order.pay({ token: 'tok_visa' });
      await order.reaches('PREPARING');
      await order.cancel('changed my mind');
    },
  },
  {
    title: 'given back and refunded',
    product: { name: 'Desk lamp', price: 75_000, stock: 4 },
    quantity: 1,
    wanted: { status: 'REFUNDED', ledger: ['charge', 'refund'], sold: 0 },
    async play(order) {
      await order.pay({ token: 'tok_visa', warehouseStorage: true });
      await order.reaches('COMPLETED');
      await order.refund('it flickers');
    },
  },
  // 90,000 less 10 %, rounded down.
  {
    title: 'paid with a coupon',
    product: { name: 'Silk scarf', price: 45_000, stock: 4 },
    quantity: 2,
    hasCoupon: true,
    wanted: { status: 'PREPARING', total: 81_000, ledger: ['charge'], sold: 2 },
    async play(order) {
      await order.pay({ token: 'tok_visa' });
      await order.sees('step', { step: 'coupon', state: 'DONE' });
    },
  },
];
