import { IssuingPace } from './issuing-pace';

describe('coupons', () => {
  /** How many of `count` coupons may be issued within `ms`. */
  async function issuedWithin(ms: number, isOn: () => boolean, count = 1_000): Promise<number> {
    const pace = new IssuingPace(() => Promise.resolve(isOn()));
    let issued = 0;
    for (let asked = 0; asked < count; asked++) void pace.turn().then(() => (issued += 1));
    await jest.advanceTimersByTimeAsync(ms);
    return issued;
  }
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('are issued at once where nobody rushes', async () => {
    expect(await issuedWithin(0, () => false)).toBe(1_000);
  });

  it('are issued slowly while a rush is on, and at once when it is over', async () => {
    expect(await issuedWithin(1_000, () => true)).toBe(20);
    const endsAt = performance.now() + 1_000;
    expect(await issuedWithin(1_100, () => performance.now() < endsAt)).toBe(1_000);
  });

  it('are held up by a rush that does not end for no longer than ten seconds', async () => {
    expect(await issuedWithin(9_900, () => true)).toBeLessThan(200);
    expect(await issuedWithin(10_100, () => true)).toBe(1_000);
  });
});
