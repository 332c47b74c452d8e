import { type Discount, discountOf } from './coupon';

describe('what a coupon takes off', () => {
  const fixed = (value: number): Discount => ({ type: 'FIXED', value });
  const percent = (value: number): Discount => ({ type: 'PERCENT', value });

  test.each([
    ['a fixed amount', fixed(300), 1_000, 300],
    ['a fixed amount, never more than the sum', fixed(5_000), 1_000, 1_000],
    ['nothing of nothing', fixed(300), 0, 0],
    ['a share', percent(10), 1_000, 100],
    ['a share, rounded down', percent(15), 999, 149],
    ['a share of too little, rounded down to nothing', percent(1), 99, 0],
    ['the whole', percent(100), 999, 999],
  ])('is %s', (_what, discount, sumMinor, wanted) => {
    expect(discountOf(discount, sumMinor)).toBe(wanted);
  });

  test('is exact where the product is more than a double can tell apart', () => {
    expect(discountOf(percent(11), 9_007_199_254_740_990)).toBe(990_791_918_021_508);
  });
});
