import { randomUUID } from 'node:crypto';
import { TOPICS } from '../../contracts/topics';
import type { Shop } from './shop';
import { until } from './until';

const TAKEOVER_MS = 90_000;

/** One user of a rush, and every response under each of their requestIds. */
interface Customer {
  readonly email: string;
  readonly responses: { requestId: string; status: number; code: string | undefined; rank: number | undefined }[];
}

/** So many users ask at once; every third clicks twice, every fifth asks again under another requestId. */
export async function rush(shop: Shop, code: string, users: number): Promise<Customer[]> {
  const customers = Array.from({ length: users }, (_, index) => ({
    email: `rush-${index}-${code}@example.com`,
    responses: [] as Customer['responses'],
  }));
  await Promise.all(customers.map(({ email }) => shop.token(email)));
  await Promise.all(
    customers.map(async (customer, index) => {
      const requestId = randomUUID();
      const asked = [requestId];
      if (index % 3 === 0) asked.push(requestId);
      if (index % 5 === 0) asked.push(randomUUID());
      await Promise.all(asked.map((id) => askUntilDecided(shop, code, customer, id)));
    }),
  );
  return customers;
}

/** As a real client does: after no response, or "try again", it asks again under the same requestId. */
async function askUntilDecided(shop: Shop, code: string, customer: Customer, requestId: string): Promise<void> {
  await until(
    `a response for ${customer.email}`,
    async () => {
      const response = await shop.askForCoupon(code, customer.email, requestId).catch(() => undefined);
      if (!response || response.status >= 500) return 500;
      const { status, body } = response;
      customer.responses.push({ requestId, status, code: body.code, rank: body.data?.rank });
      return status;
    },
    (status) => status < 500,
    TAKEOVER_MS,
  );
}

/**
 * Exactly `total` were let in and each got a coupon: one a user, ranks 1 to `total`, each announced once; everybody
 * else got the reason.
 */
export async function expectFairRush(shop: Shop, code: string, total: number, customers: readonly Customer[]) {
  const winners = customers.flatMap(({ email, responses }) => {
    const accepted = responses.filter(({ status }) => status === 202);
    const ranksGiven = new Set(accepted.map(({ requestId, rank }) => `${requestId} ${rank}`));
    expect([email, ranksGiven.size]).toEqual([email, accepted.length > 0 ? 1 : 0]);
    for (const { status, code: refusal } of responses.filter((response) => !accepted.includes(response)))
      expect([status, refusal]).toEqual([409, accepted.length > 0 ? refusal : 'COUPON_SOLD_OUT']);
    return accepted.slice(0, 1);
  });
  const ranks = winners.map(({ rank }) => rank).sort((a, b) => Number(a) - Number(b));
  expect(ranks).toEqual(Array.from({ length: total }, (_, index) => index + 1));

  await until(
    `all of ${code} to be issued`,
    () => shop.db('coupon_requests').where({ code }).whereNot({ status: 'ISSUED' }).select('request_id', 'status'),
    (others) => others.length === 0,
    TAKEOVER_MS,
  );
  const issued = (await shop.db('coupon_requests').where({ code }).orderBy('rank').select()) as {
    request_id: string;
    user_id: string;
    rank: number;
  }[];
  const byRank = [...winners].sort((a, b) => Number(a.rank) - Number(b.rank)).map(({ requestId }) => requestId);
  expect(issued.map(({ request_id: requestId }) => requestId)).toEqual(byRank);
  expect(new Set(issued.map(({ user_id: userId }) => userId)).size).toBe(total);
  const counters = await shop.db('coupons').where({ code }).first('last_rank', 'taken', 'issued');
  expect(counters).toEqual({ last_rank: total, taken: total, issued: total });
  for (const topic of [TOPICS.couponIssue, TOPICS.couponIssued]) {
    const keys = (await shop.db('outbox').where({ topic }).whereIn('key', byRank).pluck('key')) as string[];
    expect([topic, keys.length, new Set(keys).size]).toEqual([topic, total, total]);
  }
  const notified = await shop.db('notifications').whereIn('coupon_request_id', byRank).pluck('coupon_request_id');
  expect(notified).toHaveLength(total);
}
