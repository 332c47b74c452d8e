import type { ApiClient } from '../../client/client';
import type { Coupon, CouponRequest } from '../../client/schema';
import { differences } from './differences';

export interface Customer {
  readonly email: string;
  readonly api: ApiClient;
}

/** One requestId of a customer. */
export interface RushRequest {
  readonly customer: Customer;
  readonly requestId: string;
  /** The rank or the code of the refusal, each time it was sent. */
  readonly responses: readonly (number | string)[];
}

/** A request that got a rank, and its state at the end. */
export interface Winner extends RushRequest {
  readonly end: CouponRequest;
}

export interface RushOutcome {
  readonly code: string;
  readonly total: number;
  readonly customers: number;
  /** By rank. */
  readonly winners: readonly Winner[];
  readonly refused: readonly RushRequest[];
  /** What is not as wanted; empty: nothing. */
  readonly problems: readonly string[];
}

/** As many coupons issued as there are, ranks without a gap, one a customer, and every response of a request the same. */
export function problemsOf(rush: Omit<RushOutcome, 'problems'>, counts: Coupon['counts']): string[] {
  const { total, winners, refused } = rush;
  const lucky = new Set(winners.map(({ customer }) => customer.email));
  const { accepted, issued, requested, failed, left } = counts;
  return differences(
    ['ranks', Array.from({ length: total }, (_, index) => index + 1), winners.map(({ end }) => end.rank)],
    ['as many customers as coupons:', winners.length, lucky.size],
    ...winners.flatMap(({ customer, responses, end }) => [
      ...responses.map((response) => [`the rank of ${customer.email} to be`, end.rank, response] as const),
      [`the request of ${customer.email} to be`, 'ISSUED', end.status] as const,
      [`a time at which ${customer.email} got it:`, true, end.issuedAt !== undefined] as const,
    ]),
    ...refused.flatMap(({ customer, responses }) => {
      const wanted = lucky.has(customer.email) ? 'COUPON_ALREADY_REQUESTED' : 'COUPON_SOLD_OUT';
      return responses.map((response) => [`the refusal of ${customer.email} to be`, wanted, response] as const);
    }),
    [
      'the operator’s counts (accepted, issued, waiting, failed, left)',
      [total, total, 0, 0, 0],
      [accepted, issued, requested, failed, left],
    ],
  );
}
