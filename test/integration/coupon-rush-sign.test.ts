import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { CouponRush } from '../../redis/coupon-rush';
import { sharedSystem } from '../support/environment';
import { until } from '../support/until';

describe('a rush for coupons', () => {
  // Users of other tests may rush, too.
  const redis = new Redis(sharedSystem().redis as string, { keyPrefix: `${randomUUID()}:` });
  beforeAll(() => redis.ping());
  afterAll(() => redis.disconnect());

  const request = (api: CouponRush, times: number) => {
    for (let time = 0; time < times; time++) api.count();
  };

  test('is on while an api gets many requests at once, as every process sees, and not for a few', async () => {
    const [api, bridge] = [new CouponRush(redis), new CouponRush(redis)];
    request(api, 10);
    expect(await bridge.isOn()).toBe(false);
    const many = async () => {
      request(api, 40);
      return bridge.isOn();
    };
    await until('the rush to be seen', many, (isOn) => isOn);
    await until(
      'the rush to be over',
      () => bridge.isOn(),
      (isOn) => !isOn,
    );
  });

  test('is never on without Redis', async () => {
    const rush = new CouponRush(undefined);
    request(rush, 1_000);
    expect(await rush.isOn()).toBe(false);
  });
});
