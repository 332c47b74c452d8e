import { reconnectDelayMs } from './reconnect';

test('each failure doubles the delay, up to half a minute', () => {
  expect([1, 2, 3, 4, 5, 6, 50].map((failures) => reconnectDelayMs(failures, 1))).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
  ]);
});

test('clients that fail together do not come back together, and none at once', () => {
  expect(reconnectDelayMs(3, 0)).toBe(2_000);
  expect(reconnectDelayMs(3, 0.5)).toBe(3_000);
});
