/** What customers and operators read of coupons. */
import { z } from 'zod';
import { COUPON_REQUEST_STATUSES, DISCOUNT_TYPES } from '../../domain/coupon';
import { amount, count, type ResponseOf, text, time } from './common';

const rank = z.int().min(1).describe('Given in the order of asking, each once');

export const couponAcceptedSchema = z
  .object({ requestId: text, rank })
  .meta({ id: 'CouponAccepted', examples: [{ requestId: '7f0c1d5e-1', rank: 1 }] });
export type CouponAcceptedView = ResponseOf<typeof couponAcceptedSchema>;

export const couponRequestStateSchema = z
  .object({
    requestId: text,
    code: text,
    status: z.enum(COUPON_REQUEST_STATUSES).describe('FAILED: its place is open to the next request'),
    rank,
    issuedAt: time.optional(),
  })
  .meta({
    id: 'CouponRequest',
    examples: [
      { requestId: '7f0c1d5e-1', code: 'OPENING-DAY', status: 'ISSUED', rank: 1, issuedAt: '2026-11-28T09:00:00.000Z' },
    ],
  });
export type CouponRequestView = ResponseOf<typeof couponRequestStateSchema>;

export const couponSchema = z
  .object({
    code: text,
    name: text,
    total: count.describe('How many may be issued, ever'),
    discount: z.object({
      type: z.enum(DISCOUNT_TYPES),
      value: z.int().describe('FIXED: minor units of the currency; PERCENT: 1 to 100, rounded down'),
    }),
    opensAt: time.nullable(),
    closesAt: time.nullable(),
    minimumAmount: amount.describe('What the lines must come to before the discount'),
    currency: text,
    counts: z.object({
      accepted: count.describe('Also the last rank that was given'),
      requested: count,
      issued: count,
      failed: count,
      left: count.describe('What can still be requested'),
      claimed: count.describe('Issued, and named by an order that is not paid'),
      redeemed: count.describe('Issued, and used by an order that is paid'),
    }),
  })
  .meta({
    id: 'Coupon',
    examples: [
      {
        code: 'OPENING-DAY',
        name: 'Opening day',
        total: 100,
        discount: { type: 'PERCENT', value: 10 },
        opensAt: null,
        closesAt: null,
        minimumAmount: 0,
        currency: 'KRW',
        counts: { accepted: 2, requested: 1, issued: 1, failed: 0, left: 98, claimed: 0, redeemed: 0 },
      },
    ],
  });
export type CouponView = ResponseOf<typeof couponSchema>;
