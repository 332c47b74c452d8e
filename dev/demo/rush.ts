import { randomUUID } from 'node:crypto';
import { ApiProblem } from '../../client/errors';
import type { PutCoupon } from '../../contracts/http';
import { poll } from '../poll';
import { action, result } from './narrator';
import { type Customer, problemsOf, type RushOutcome, type RushRequest, type Winner } from './rush-outcome';
import type { Shop } from './shop';

const COUPON: PutCoupon = { name: 'Opening day', total: 5, discount: { type: 'PERCENT', value: 10 } };
const ISSUED_WITHIN_MS = 10_000;

/** More customers than coupons. */
const NAMES = [
  ...['minjun', 'seoyeon', 'doyun', 'haeun', 'jiho', 'jiwoo', 'seojun', 'soyul', 'yejun', 'chaewon'],
  ...['hajun', 'yuna', 'eunwoo', 'dain', 'siwoo', 'sua', 'juwon', 'arin', 'gunwoo', 'bomin'],
];

/** All ask at once, in any order: of four, one double-clicks and one asks again under another requestId. */
export async function playRush({ operator, customer, run }: Shop): Promise<RushOutcome> {
  const code = `OPENING-DAY-${run}`;
  const params = { code };
  const { total, discount } = COUPON;
  action('coupons', `operator puts on ${code}: ${total} of them, ${discount.value} % off`);
  await operator.call('PUT /api/ops/coupons/{code}', { params, body: COUPON });
  const emails = NAMES.map((name) => `${name}@example.com`).sort(() => Math.random() - 0.5);
  const customers = await Promise.all(emails.map(async (email) => ({ email, api: await customer(email) })));
  action('coupons', `${NAMES.length} customers ask at once; some double-click, some try again under another requestId`);
  const asked = await Promise.all(
    customers.map(async (each, index) => {
      const first = await ask(each, code, index % 4 === 1 ? 2 : 1);
      return index % 4 === 3 ? [first, await ask(each, code, 1)] : [first];
    }),
  );
  const requests = asked.flat();
  const refused = requests.filter(({ responses }) => responses.every((response) => typeof response === 'string'));
  const accepted = requests.filter((request) => !refused.includes(request));
  const winners = (await Promise.all(accepted.map(untilIssued))).sort((one, other) => one.end.rank - other.end.rank);
  refused.sort((one, other) => String(one.responses[0]).localeCompare(String(other.responses[0])));
  const soldOut = refused.filter(({ responses }) => responses[0] === 'COUPON_SOLD_OUT').length;
  const others = `${refused.length - soldOut} because the customer had one already`;
  result('coupons', `${refused.length} other requests refused: ${soldOut} as sold out, ${others}`);
  const rush = { code, total, customers: customers.length, winners, refused };
  const { data } = await operator.call('GET /api/ops/coupons/{code}', { params });
  return { ...rush, problems: problemsOf(rush, data.counts) };
}

/** Sends one request so often at once. */
async function ask(customer: Customer, code: string, times: number): Promise<RushRequest> {
  const requestId = randomUUID();
  const send = async () => {
    const request = { params: { code }, body: { requestId } };
    try {
      return (await customer.api.call('POST /api/coupons/{code}/requests', request)).data.rank;
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 409) return error.code;
      throw error;
    }
  };
  return { customer, requestId, responses: await Promise.all(Array.from({ length: times }, send)) };
}

async function untilIssued(request: RushRequest): Promise<Winner> {
  const { customer, requestId } = request;
  const params = { requestId };
  const look = () => customer.api.call('GET /api/coupons/requests/{requestId}', { params });
  const { data: end } = await poll(look, ({ data }) => data.status !== 'REQUESTED', ISSUED_WITHIN_MS);
  result('coupons', `${customer.email} was accepted, rank ${end.rank}: ${end.status}`);
  return { ...request, end };
}
