import { type Answer, type Customer, problemsOf, type RushOutcome } from './rush-outcome';
import { ShopClient } from './shop-client';

const shop = new ShopClient('http://127.0.0.1:1', { customer: '', operator: '' });
const customer = (email: string): Customer => ({ email, shop });
const issuedAt = '2026-01-01T00:00:00.000Z';

function winner(email: string, rank: number, answers: Answer[] = [{ rank }]): RushOutcome['winners'][number] {
  const requestId = `${email}-1`;
  return {
    customer: customer(email),
    requestId,
    answers,
    rank,
    end: { requestId, code: 'C', status: 'ISSUED', rank, issuedAt },
  };
}

function loser(email: string, refusal: string): RushOutcome['refused'][number] {
  return { customer: customer(email), requestId: `${email}-2`, answers: [{ refusal }], refusal };
}

const winners = [winner('a', 1, [{ rank: 1 }, { rank: 1 }]), winner('b', 2)];
const refused = [loser('a', 'COUPON_ALREADY_REQUESTED'), loser('c', 'COUPON_SOLD_OUT')];
const fair = { code: 'C', total: 2, customers: 3, winners, refused };
const counts = { accepted: 2, requested: 0, issued: 2, failed: 0, left: 0, claimed: 0, redeemed: 0 };

describe('the demo’s rush', () => {
  test('has no problem where every coupon went to another customer', () => {
    expect(problemsOf(fair, counts)).toEqual([]);
  });

  test.each([
    ['a rank is given twice', { winners: [winner('a', 1), winner('b', 1)] }],
    ['one is missing', { winners: winners.slice(0, 1) }],
    ['one too many is let in', { winners: [...winners, winner('c', 3)], refused: [] }],
    ['a customer has two', { winners: [winner('a', 1), winner('a', 2)] }],
    [
      'a double click is answered in two ways',
      { winners: [winner('a', 1, [{ rank: 1 }, { rank: 2 }]), winner('b', 2)] },
    ],
    ['a winner is told "sold out"', { refused: [loser('a', 'COUPON_SOLD_OUT')] }],
    ['a loser is told that he has one', { refused: [loser('c', 'COUPON_ALREADY_REQUESTED')] }],
    [
      'one was not issued',
      {
        winners: [winner('a', 1), { ...winner('b', 2), end: { ...winner('b', 2).end, status: 'REQUESTED' as const } }],
      },
    ],
  ])('has one where %s', (_, unfair) => {
    expect(problemsOf({ ...fair, ...unfair }, counts)).not.toEqual([]);
  });

  test('has one where the operator sees other counts', () => {
    expect(problemsOf(fair, { ...counts, issued: 3 })).not.toEqual([]);
  });
});
