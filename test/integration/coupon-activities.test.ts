import { createCouponActivities } from '../../activities/coupon';
import { deadLetterTopic, TOPICS } from '../../contracts/topics';
import { admitCouponRequests } from '../../db/coupon-requests';
import { unannouncedCouponRequest } from '../support/coupons';
import { Fixture } from '../support/fixture';

/** Activities called as late, and as often, as a worker that freezes can call them. */
describe('a request for a coupon whose calls come late', () => {
  const shop = new Fixture().shop();
  const activities = createCouponActivities({
    db: shop.db,
    gate: { open: () => Promise.resolve() },
    issued: { remember: () => Promise.resolve() },
  });

  async function waitingRequest(total = 1) {
    const code = await shop.coupon(total);
    const { requestId } = await unannouncedCouponRequest(shop, code);
    const record = { topic: TOPICS.couponIssue, partition: 0, offset: '7', timestamp: '0' };
    const call = (replayCount: number) => ({ requestId, replayCount, record });
    const state = async () => ({
      ...(await shop.db('coupon_requests').where({ request_id: requestId }).first('status', 'replays')),
      ...(await shop.db('coupons').where({ code }).first('taken', 'issued')),
      deadLetters: (
        await shop
          .db('outbox')
          .where({ topic: deadLetterTopic(TOPICS.couponIssue), key: requestId })
          .pluck('id')
      ).length,
    });
    return {
      code,
      state,
      issue: (replayCount: number) => activities.issueCoupon({ ...call(replayCount), atMs: Date.now() }),
      fail: (replayCount: number) =>
        activities.failCouponRequest({ ...call(replayCount), code: 'INTERRUPTED', message: 'cancelled' }),
    };
  }

  test('one that was given up is not issued by a late call, and is dead once', async () => {
    const { issue, fail, state } = await waitingRequest();
    expect([await fail(0), await fail(0)]).toEqual(['FAILED', 'FAILED']);
    await expect(issue(0)).rejects.toThrow();
    expect(await state()).toEqual({ status: 'FAILED', replays: 0, taken: 0, issued: 0, deadLetters: 1 });
  });

  test('a replay that was given up before it began is not taken up by a late call, and is dead once more', async () => {
    const { issue, fail, state } = await waitingRequest();
    await fail(0);
    expect([await fail(1), await fail(1)]).toEqual(['FAILED', 'FAILED']);
    await expect(issue(1)).rejects.toThrow();
    expect(await state()).toEqual({ status: 'FAILED', replays: 1, taken: 0, issued: 0, deadLetters: 2 });
  });

  test('a late giving up is of its own replay only, and never of what is issued', async () => {
    const { issue, fail, state } = await waitingRequest();
    await fail(0);
    await issue(1);
    expect([await fail(0), await fail(1)]).toEqual(['ISSUED', 'ISSUED']);
    await issue(1);
    expect(await state()).toEqual({ status: 'ISSUED', replays: 1, taken: 1, issued: 1, deadLetters: 1 });
  });

  test('ten calls at once issue once', async () => {
    const { issue, state } = await waitingRequest();
    await Promise.all(Array.from({ length: 10 }, () => issue(0)));
    expect(await state()).toEqual({ status: 'ISSUED', replays: 0, taken: 1, issued: 1, deadLetters: 0 });
  });

  test('turns of two coupons that meet at the same requestIds, in opposite order, do not deadlock', async () => {
    const [one, two] = [await shop.coupon(1_000), await shop.coupon(1_000)];
    for (let round = 0; round < 5; round++) {
      const applicants = Array.from({ length: 200 }, (_, index) => ({
        requestId: `meet-${one}-${round}-${index}`,
        userId: `user-${round}-${index}`,
        userEmail: 'kim@example.com',
        headers: {},
      }));
      const outcomes = await Promise.allSettled([
        admitCouponRequests(shop.db, one, applicants),
        admitCouponRequests(shop.db, two, [...applicants].reverse()),
      ]);
      const codes = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
      expect(codes).not.toContain('40P01');
    }
  });
});
