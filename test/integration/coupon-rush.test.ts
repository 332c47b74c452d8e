import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import type { CouponView } from '../../contracts/responses/coupons';
import { TOPICS } from '../../contracts/topics';
import { Fixture } from '../support/fixture';
import { expectFairRush, rush } from '../support/rush';
import { until } from '../support/until';

const USERS = 2_000;
const TOTAL = 100;

describe('a coupon that many want', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const redis = new Redis(shop.system.redis as string);
  fixture.defer(() => redis.disconnect());

  /** Responses by who gave them. */
  async function responsesBy(by: 'gate' | 'database', outcome: string): Promise<number> {
    const text = await (await fetch(`${shop.system.api}/metrics`)).text();
    const line = text
      .split('\n')
      .find(
        (one) => one.startsWith('ordersaga_coupon_responses_total') && one.includes(`"${by}"`) && one.includes(outcome),
      );
    return Number(line?.slice(line.lastIndexOf(' ')) ?? 0);
  }

  /** A coupon that is gone, and who has it. */
  async function soldOut(total = 1) {
    const code = await shop.coupon(total);
    const winners = Array.from({ length: total }, (_, index) => ({
      email: `w${index}-${code}@x.kr`,
      id: randomUUID(),
    }));
    for (const { email, id } of winners) expect((await shop.askForCoupon(code, email, id)).status).toBe(202);
    return { code, winners };
  }

  const ask = async (code: string, email: string, id?: string) => {
    const { status, body } = await shop.askForCoupon(code, email, id);
    return status === 202 ? body.data.rank : body.code;
  };

  /** Asks until let in, as that rank; a request later than a second after `since` is not refused. */
  async function isLetIn(code: string, email: string, rank: number, since: number): Promise<void> {
    let lastRefusedAt = since;
    const response = await until(
      `${email} to be let in`,
      async () => {
        const askedAt = Date.now();
        const found = await ask(code, email);
        if (found !== rank) lastRefusedAt = askedAt;
        return found;
      },
      (found) => typeof found === 'number',
    );
    expect([response, lastRefusedAt - since < 1_100]).toEqual([rank, true]);
  }

  /** Asks until it is the gate in Redis that refuses. */
  async function untilShut(code: string): Promise<void> {
    await until(
      'the gate to be shut',
      async () => {
        const before = await responsesBy('gate', 'COUPON_SOLD_OUT');
        expect(await ask(code, `loser-${randomUUID()}@x.kr`)).toBe('COUPON_SOLD_OUT');
        return (await responsesBy('gate', 'COUPON_SOLD_OUT')) - before;
      },
      (refused) => refused === 1,
    );
  }

  test('2,000 users at once on 100 coupons, with retries and double clicks: 100 issued, one a user, ranks 1 to 100', async () => {
    const code = await shop.coupon(TOTAL);
    const customers = await rush(shop, code, USERS);
    await expectFairRush(shop, code, TOTAL, customers);
  });

  test('a user who has a rank is never refused as "sold out", whether the gate is shut or not', async () => {
    const { code, winners } = await soldOut(3);
    const refused = await shop.askForCoupon(code, 'late@x.kr');
    expect([refused.body.code, refused.headers.get('location')]).toEqual(['COUPON_SOLD_OUT', null]);
    await untilShut(code);
    for (const [index, { email, id }] of winners.entries()) {
      expect(await ask(code, email, id)).toBe(index + 1);
      expect(await ask(code, email)).toBe('COUPON_ALREADY_REQUESTED');
    }
  });

  test('sold out writes nothing to Postgres, neither with the gate nor without it', async () => {
    const { code, winners } = await soldOut();
    await shop.couponRequestIs(winners[0]?.id as string, 'ISSUED');
    const stored = async () => [
      // Where the row's version lies and who locked it last: even a lock would show.
      await shop.db('coupons').where({ code }).first(shop.db.raw('ctid::text, xmin::text, xmax::text')),
      await shop.db('coupon_requests').where({ code }).count(),
      await shop.db('idempotency_keys').where('path', 'like', `%${code}%`).count(),
    ];
    const before = await stored();
    await untilShut(code);
    for (let index = 0; index < 20; index++) {
      await redis.flushall();
      expect(await ask(code, `late-${index}@x.kr`)).toBe('COUPON_SOLD_OUT');
    }
    expect(await stored()).toEqual(before);
  });

  test('a gate that is not notified of a free coupon is wrong for no longer than a second', async () => {
    const { code } = await soldOut();
    await untilShut(code);
    await shop
      .db('coupons')
      .where({ code })
      .update({ total: 2, version: shop.db.raw('version + 1') });
    await isLetIn(code, 'next@x.kr', 2, Date.now());
  });

  test('a requestId is one request: for another user or another coupon it is refused', async () => {
    const [one, two] = [await shop.coupon(5), await shop.coupon(5)];
    const id = randomUUID();
    expect(await ask(one, 'a@x.kr', id)).toBe(1);
    expect(await ask(one, 'b@x.kr', id)).toBe('REQUEST_ID_REUSED');
    expect(await ask(two, 'a@x.kr', id)).toBe('REQUEST_ID_REUSED');
    const [first, second] = await Promise.all([ask(one, 'c@x.kr', `${id}-2`), ask(two, 'c@x.kr', `${id}-2`)]);
    expect([first, second].filter((response) => response === 'REQUEST_ID_REUSED')).toHaveLength(1);
    expect(await ask(one, 'd@x.kr')).toBe(first === 2 ? 3 : 2);
  });

  test('it is asked for while it is open, and by nobody else', async () => {
    const hour = 3_600_000;
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    const later = await shop.coupon(1, { opensAt: at(hour) });
    const over = await shop.coupon(1, { closesAt: at(-hour) });
    for (let again = 0; again < 3; again++) {
      expect(await ask(later, 'a@x.kr')).toBe('COUPON_NOT_OPEN');
      expect(await ask(over, 'a@x.kr')).toBe('COUPON_CLOSED');
    }
    expect(await ask('no-such-coupon', 'a@x.kr')).toBe('COUPON_NOT_FOUND');
    const now = { name: 'Now', total: 1, discount: { type: 'PERCENT', value: 10 }, opensAt: at(-hour) } as const;
    await shop.putCoupon(later, now);
    await isLetIn(later, 'a@x.kr', 1, Date.now());
  });

  test('one that opens by the clock takes the first within a second', async () => {
    const opensAt = Date.now() + 1_500;
    const code = await shop.coupon(1, { opensAt: new Date(opensAt).toISOString() });
    await isLetIn(code, 'a@x.kr', 1, opensAt);
  });

  test('an operator changes how many there are, never below what is taken, and counts them', async () => {
    const { code, winners } = await soldOut(2);
    await untilShut(code);
    const body = { name: 'More', total: 1, discount: { type: 'FIXED', value: 500 } };
    const lower = await shop.operate('PUT', `/coupons/${code}`, body);
    expect([lower.status, lower.body]).toMatchObject([409, { code: 'COUPON_TOTAL_TOO_LOW', taken: 2 }]);
    const higher = await shop.operate('PUT', `/coupons/${code}`, { ...body, total: 3 });
    expect(higher.status).toBe(200);
    await isLetIn(code, 'next@x.kr', 3, Date.now());
    for (const { id } of winners) await shop.couponRequestIs(id, 'ISSUED');
    const view = () => shop.operate<CouponView>('GET', `/coupons/${code}`);
    const found = await until('all to be issued', view, ({ body }) => body.data.counts.issued === 3);
    expect(found.body.data.counts).toEqual({
      accepted: 3,
      requested: 0,
      issued: 3,
      failed: 0,
      left: 0,
      claimed: 0,
      redeemed: 0,
    });
    expect((await shop.call('GET', `/api/ops/coupons/${code}`)).status).toBe(403);
  });

  test("a request is its user's own to look at", async () => {
    const { winners } = await soldOut();
    const { id, email } = winners[0] as { id: string; email: string };
    await shop.couponRequestIs(id, 'ISSUED');
    const look = async (by: string) =>
      (await shop.call('GET', `/api/coupons/requests/${id}`, { token: await shop.token(by) })).status;
    expect([await look(email), await look('other@x.kr')]).toEqual([200, 404]);
    await redis.flushall();
    expect([await look(email), await look('other@x.kr')]).toEqual([200, 404]);
  });

  test('an Idempotency-Key keeps the response, as everywhere', async () => {
    const code = await shop.coupon(2);
    const headers = { 'idempotency-key': randomUUID() };
    const post = (requestId: string) =>
      shop.call('POST', `/api/coupons/${code}/requests`, { headers, body: { requestId } });
    const id = randomUUID();
    const [first, again] = [await post(id), await post(id)];
    expect([first.status, again.status, again.headers.get('idempotent-replayed')]).toEqual([202, 202, 'true']);
    expect(await ask(code, 'another@x.kr')).toBe(2);
    await untilShut(code);
    expect((await post(randomUUID())).body.code).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(await shop.db('outbox').where({ topic: TOPICS.couponIssue, key: id })).toHaveLength(1);
  });
});
