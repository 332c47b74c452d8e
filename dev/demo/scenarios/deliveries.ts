import type { Scenario } from './scenario';

export const delivered: Scenario = {
  title: 'paid, prepared, delivered',
  product: { name: 'Ceramic mug', price: 12_000, stock: 10 },
  quantity: 2,
  wanted: { status: 'COMPLETED', ledger: ['charge'], sold: 2 },
  async play(order) {
    await order.reaches('PENDING_PAYMENT');
    await order.pay({ token: 'tok_visa' });
    await order.reaches('PREPARING');
    await order.scan('SHIPMENT_STARTED');
    await order.reaches('SHIPMENT_STARTED');
    await order.scan('IN_TRANSIT');
    await order.reaches('IN_TRANSIT');
    await order.scan('DELIVERED');
    await order.reaches('COMPLETED');
  },
};

export const stored: Scenario = {
  title: 'paid and stored',
  product: { name: 'Oak table', price: 480_000, stock: 3 },
  quantity: 1,
  wanted: { status: 'COMPLETED', ledger: ['charge'], sold: 1 },
  async play(order) {
    await order.reaches('PENDING_PAYMENT');
    await order.pay({ token: 'tok_visa', warehouseStorage: true });
    await order.reaches('IN_WAREHOUSE');
    await order.reaches('COMPLETED');
  },
};

/** 90,000 less 10 %, rounded down. */
export const discounted: Scenario = {
  title: 'paid with a coupon',
  product: { name: 'Silk scarf', price: 45_000, stock: 4 },
  quantity: 2,
  hasCoupon: true,
  wanted: { status: 'PREPARING', total: 81_000, ledger: ['charge'], sold: 2 },
  async play(order) {
    await order.reaches('PENDING_PAYMENT');
    await order.pay({ token: 'tok_visa' });
    await order.stepIs('coupon', 'DONE');
    await order.reaches('PREPARING');
  },
};

export const cancelled: Scenario = {
  title: 'cancelled by the customer',
  product: { name: 'Linen shirt', price: 59_000, stock: 5 },
  quantity: 1,
  wanted: { status: 'CANCELLED', ledger: ['charge', 'refund'], sold: 0 },
  async play(order) {
    await order.reaches('PENDING_PAYMENT');
    await order.pay({ token: 'tok_visa' });
    await order.reaches('PREPARING');
    await order.cancel('changed my mind');
    await order.reaches('CANCELLED');
  },
};

export const refunded: Scenario = {
  title: 'given back and refunded',
  product: { name: 'Desk lamp', price: 75_000, stock: 4 },
  quantity: 1,
  wanted: { status: 'REFUNDED', ledger: ['charge', 'refund'], sold: 0 },
  async play(order) {
    await order.reaches('PENDING_PAYMENT');
    await order.pay({ token: 'tok_visa', warehouseStorage: true });
    await order.reaches('COMPLETED');
    await order.refund('it flickers');
    await order.reaches('REFUNDED');
  },
};
