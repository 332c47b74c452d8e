import { throttled } from './throttled';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('works at once, and once more for all that was asked for meanwhile', () => {
  const work = jest.fn();
  const ask = throttled(500, work);
  ask();
  expect(work).toHaveBeenCalledTimes(1);
  for (let i = 0; i < 10; i += 1) ask();
  expect(work).toHaveBeenCalledTimes(1);
  jest.advanceTimersByTime(500);
  expect(work).toHaveBeenCalledTimes(2);
  jest.advanceTimersByTime(5_000);
  expect(work).toHaveBeenCalledTimes(2);
});
