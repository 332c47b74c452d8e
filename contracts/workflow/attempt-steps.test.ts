import { ALL_ASKED, type AttemptFacts, firstPlannedOf, plannedBy } from './attempt-steps';

const names = (facts: AttemptFacts) => plannedBy(facts).map((planned) => planned.do);

test('an attempt does what the order needs and the request asks for', () => {
  const order = { hasCoupon: false, totalMinor: 100 };
  expect(names({ ...order, warehouseStorage: false })).toEqual(['charge', 'createShipment']);
  expect(names({ hasCoupon: true, totalMinor: 0, warehouseStorage: true })).toEqual([
    'redeemCoupon',
    'createShipment',
    'completePayment',
    'store',
  ]);
});

test.each([
  [{ hasCoupon: true, totalMinor: 100 }, 'redeemCoupon'],
  [{ hasCoupon: false, totalMinor: 100 }, 'charge'],
  [{ hasCoupon: false, totalMinor: 0 }, 'createShipment'],
])('of an order with %p every attempt begins with %s', (order, first) => {
  expect(firstPlannedOf(order)?.do).toBe(first);
  expect(names({ ...order, ...ALL_ASKED })[0]).toBe(first);
  expect(names({ ...order, warehouseStorage: false })[0]).toBe(first);
});
