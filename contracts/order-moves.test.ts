import { canReach, type OrderStatus } from './order-moves';

test.each<[OrderStatus, OrderStatus, boolean]>([
  ['CREATED', 'REFUNDED', true],
  ['PAYMENT_COMPLETED', 'PENDING_PAYMENT', true],
  ['COMPLETED', 'COMPLETED', true],
  ['REFUND_REQUESTED', 'COMPLETED', true],
  ['CANCELLED', 'COMPLETED', false],
  ['REFUNDED', 'COMPLETED', false],
  ['COMPLETED', 'PREPARING', false],
  ['IN_WAREHOUSE', 'CANCELLED', false],
])('an order that is %s can come to %s: %s', (from, to, wanted) => {
  expect(canReach(from, to)).toBe(wanted);
});
