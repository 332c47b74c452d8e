import { ProcessingEstimate, usualTime } from './processing-estimate';

const times = (p50Ms: number, p95Ms: number, count = 1_000) => ({ count, p50Ms, p95Ms });

describe('the usual time', () => {
  test.each([
    [times(80, 400), '1초', '1 second'],
    [times(900, 2_100), '1-3초', '1-3 seconds'],
    [times(12_000, 59_500), '12-60초', '12-60 seconds'],
    [times(20_000, 170_000), '1-3분', '1-3 minutes'],
    [undefined, '1-3분', '1-3 minutes'],
  ])('%j', (recent, korean, english) => {
    expect([usualTime(recent, 'ko'), usualTime(recent, 'en')]).toEqual([korean, english]);
  });
});

describe('what recent orders took', () => {
  test('is asked once in a while, and never waited for', async () => {
    const lookUp = jest.fn(async () => times(1, 2));
    const estimate = new ProcessingEstimate(lookUp);
    expect(estimate.recent()).toBeUndefined();
    await lookUp.mock.results[0]?.value;
    expect(estimate.recent()).toEqual(times(1, 2));
    expect(lookUp).toHaveBeenCalledTimes(1);
  });

  test('says nothing where few orders were paid, or the database is unavailable', async () => {
    const few = new ProcessingEstimate(async () => times(1, 2, 19));
    const unavailable = new ProcessingEstimate(() => Promise.reject(new Error('unavailable')));
    for (const estimate of [few, unavailable]) {
      estimate.recent();
      await new Promise((resolve) => setImmediate(resolve));
      expect(estimate.recent()).toBeUndefined();
    }
  });
});
