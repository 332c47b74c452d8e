import { ApiClient } from '../../client/client';
import { problemsOf, type RushRequest, type Winner } from './rush-outcome';

const api = new ApiClient({ address: 'http://127.0.0.1:1' });

function request(email: string, ...responses: (number | string)[]): RushRequest {
  return { customer: { email, api }, requestId: `${email}-${responses[0]}`, responses };
}

function winner(email: string, rank: number, ...responses: number[]): Winner {
  const { requestId, ...rest } = request(email, rank, ...responses);
  const issuedAt = '2026-01-01T00:00:00.000Z';
  return { ...rest, requestId, end: { requestId, code: 'C', status: 'ISSUED', rank, issuedAt } };
}

const winners = [winner('a', 1, 1), winner('b', 2)];
const refused = [request('a', 'COUPON_ALREADY_REQUESTED'), request('c', 'COUPON_SOLD_OUT')];
const fair = { code: 'C', total: 2, customers: 3, winners, refused };
const counts = { accepted: 2, requested: 0, issued: 2, failed: 0, left: 0, claimed: 0, redeemed: 0 };
const waiting = { ...winner('b', 2), end: { ...winner('b', 2).end, status: 'REQUESTED' as const } };

describe('the demo’s rush', () => {
  test('has no problem where every coupon went to another customer', () => {
    expect(problemsOf(fair, counts)).toEqual([]);
  });

  test.each([
    ['a rank is given twice', { winners: [winner('a', 1), winner('b', 1)] }],
    ['one is missing', { winners: winners.slice(0, 1) }],
    ['there is one too many', { winners: [...winners, winner('c', 3)], refused: [] }],
    ['a customer has two', { winners: [winner('a', 1), winner('a', 2)] }],
    ['a double click gets two ranks', { winners: [winner('a', 1, 2), winner('b', 2)] }],
    ['a winner’s other request is sold out', { refused: [request('a', 'COUPON_SOLD_OUT')] }],
    ['a customer without a coupon has one already', { refused: [request('c', 'COUPON_ALREADY_REQUESTED')] }],
    ['one was not issued', { winners: [winner('a', 1), waiting] }],
  ])('has one where %s', (_, unfair) => {
    expect(problemsOf({ ...fair, ...unfair }, counts)).not.toEqual([]);
  });

  test('has one where the operator sees other counts', () => {
    expect(problemsOf(fair, { ...counts, issued: 3 })).not.toEqual([]);
  });
});
