import { formatMoney } from './money';

test('an amount in minor units, of currencies with and without them', () => {
  expect(formatMoney(24_000, 'KRW', 'ko')).toBe('₩24,000');
  expect(formatMoney(24_000, 'KRW', 'en')).toBe('₩24,000');
  expect(formatMoney(2_450, 'USD', 'en')).toBe('$24.50');
  expect(formatMoney(-500, 'EUR', 'en')).toBe('-€5.00');
  expect(formatMoney(1_234, 'KWD', 'en')).toMatch(/1\.234$/);
});
