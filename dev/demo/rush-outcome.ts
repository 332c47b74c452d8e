import type { CouponRequestView, CouponView } from '../../contracts/responses/coupons';
import type { ShopClient } from './shop-client';

export interface Customer {
  readonly email: string;
  readonly shop: ShopClient;
}

/** What the API said to a request for a coupon: the rank, or the code of the problem. */
export type Answer = { readonly rank: number } | { readonly refusal: string };

/** One requestId of a customer, with an answer for each time it was sent. */
export interface RushRequest {
  readonly customer: Customer;
  readonly requestId: string;
  readonly answers: readonly Answer[];
}

/** A request that was let in, and how it stood at the end. */
export interface Winner extends RushRequest {
  readonly rank: number;
  readonly end: CouponRequestView;
}

export interface RushOutcome {
  readonly code: string;
  readonly total: number;
  readonly customers: number;
  /** By rank. */
  readonly winners: readonly Winner[];
  readonly refused: readonly (RushRequest & { readonly refusal: string })[];
  /** Each with what was expected and what came; empty: it ended as it should. */
  readonly problems: readonly string[];
}

/** What is not as it should be: as many issued as there are, ranks without a gap, one a customer, no answer taken back. */
export function problemsOf(rush: Omit<RushOutcome, 'problems'>, counts: CouponView['counts']): string[] {
  const { total, winners, refused } = rush;
  const problems: string[] = [];
  const expect = (what: string, want: unknown, got: unknown) => {
    if (String(want) !== String(got)) problems.push(`expected ${what} ${String(want)}, got ${String(got)}`);
  };
  const ranks = Array.from({ length: total }, (_, index) => index + 1);
  expect(
    'ranks',
    ranks,
    winners.map(({ rank }) => rank),
  );
  const lucky = new Set(winners.map(({ customer }) => customer.email));
  expect('as many customers as coupons:', winners.length, lucky.size);
  for (const { customer, rank, answers, end } of winners) {
    const who = `the request of ${customer.email}, rank ${rank},`;
    for (const answer of answers) expect(`${who} answered`, rank, 'rank' in answer ? answer.rank : answer.refusal);
    expect(`${who} at its end`, `ISSUED ${rank}`, `${end.status} ${end.rank}`);
    if (end.issuedAt === undefined) problems.push(`expected ${who} to tell when it was issued`);
  }
  for (const { customer, answers } of refused) {
    const wanted = lucky.has(customer.email) ? 'COUPON_ALREADY_REQUESTED' : 'COUPON_SOLD_OUT';
    for (const answer of answers)
      expect(`${customer.email} to be told`, wanted, 'rank' in answer ? `rank ${answer.rank}` : answer.refusal);
  }
  const { accepted, issued, requested, failed, left } = counts;
  expect(
    'the operator’s counts (accepted, issued, waiting, failed, left)',
    [total, total, 0, 0, 0],
    [accepted, issued, requested, failed, left],
  );
  return problems;
}
