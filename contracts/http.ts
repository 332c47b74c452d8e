/** Bodies of the REST API, as zod schemas, and the shapes of its answers. */
import { z } from 'zod';
import type { CouponRequestStatus, Discount } from '../domain/coupon';
import type { OrderStatus } from '../domain/order-status';
import type { SagaState } from '../domain/saga-state';
import { couponCodeSchema, requestIdSchema } from './events';
import { externalText } from './external-text';
import type { StepView } from './workflow-api';

export { couponCodeSchema, payAndShipmentRequestSchema, requestIdSchema } from './events';

export const skuSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores');

export const listOrdersSchema = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  /** Those before this one. */
  before: z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER).optional(),
});

export const createOrderSchema = z
  .strictObject({
    lines: z
      .array(z.strictObject({ sku: skuSchema, quantity: z.number().int().min(1).max(10_000) }))
      .min(1)
      .max(100),
    /** One of the customer's own coupons. */
    couponCode: couponCodeSchema.optional(),
  })
  .refine((body) => new Set(body.lines.map((line) => line.sku)).size === body.lines.length, {
    message: 'each sku may stand in one line only; add the quantities up',
    path: ['lines'],
  });
export type CreateOrder = z.infer<typeof createOrderSchema>;

export const reasonSchema = z.strictObject({ reason: externalText({ max: 500 }) });

export const putProductSchema = z.strictObject({
  name: externalText({ max: 200 }),
  /** Minor units of CURRENCY. */
  price: z.number().int().min(0).max(1_000_000_000_000),
  /** Free units from now on. */
  stock: z.number().int().min(0).max(1_000_000_000),
});
export type PutProduct = z.infer<typeof putProductSchema>;

export interface ProductView {
  readonly sku: string;
  readonly name: string;
  readonly price: number;
  readonly currency: string;
  readonly stock: number;
}

export interface OrderView {
  readonly orderId: number;
  readonly status: OrderStatus;
  readonly statusDescription: string;
  readonly reason?: string;
  /** What is to be paid: the lines less the discount. */
  readonly totalAmount: number;
  readonly currency: string;
  readonly couponCode?: string;
  readonly discountAmount?: number;
  readonly createdAt: string;
  readonly lastUpdated: string;
  readonly lines: readonly { sku: string; name: string; quantity: number; unitPrice: number }[];
}

export interface OrderStatusView {
  readonly orderId: number;
  readonly status: OrderStatus;
  readonly statusDescription: string;
  readonly progressPercentage: number;
  readonly canCancel: boolean;
  readonly lastUpdated: string;
  readonly estimatedCompletionAt: string | null;
  readonly reason?: string;
  readonly saga: { readonly state: SagaState; readonly steps: readonly StepView[] };
  readonly source: 'workflow' | 'database';
}

/** One line of an order's durable timeline, as SSE data and WebSocket message. */
export interface TimelineView {
  readonly id: number;
  readonly at: string;
  readonly type: string;
  readonly data: Record<string, unknown>;
}

export const requestCouponSchema = z.strictObject({ requestId: requestIdSchema });

const momentSchema = z.iso.datetime({ offset: true, error: 'must be an ISO 8601 time with its zone' }).max(64);

export const putCouponSchema = z
  .strictObject({
    name: externalText({ max: 200 }),
    /** How many may be issued, ever. */
    total: z.number().int().min(0).max(1_000_000_000),
    discount: z.discriminatedUnion('type', [
      /** Minor units of CURRENCY. */
      z.strictObject({ type: z.literal('FIXED'), value: z.number().int().min(1).max(1_000_000_000_000) }),
      z.strictObject({ type: z.literal('PERCENT'), value: z.number().int().min(1).max(100) }),
    ]),
    /** From when to when it can be asked for; using it has no end. */
    opensAt: momentSchema.optional(),
    closesAt: momentSchema.optional(),
    /** What an order must come to before the discount, minor units. */
    minimumAmount: z.number().int().min(0).max(1_000_000_000_000).optional(),
  })
  .refine(({ opensAt, closesAt }) => !opensAt || !closesAt || Date.parse(opensAt) < Date.parse(closesAt), {
    message: 'must be later than opensAt',
    path: ['closesAt'],
  });
export type PutCoupon = z.infer<typeof putCouponSchema>;

/** Answer to a request for a coupon that was let in. */
export interface CouponAcceptedView {
  readonly requestId: string;
  readonly rank: number;
}

export interface CouponRequestView {
  readonly requestId: string;
  readonly code: string;
  readonly status: CouponRequestStatus;
  readonly rank: number;
  readonly issuedAt?: string;
}

/** A coupon as operators see it. */
export interface CouponView {
  readonly code: string;
  readonly name: string;
  readonly total: number;
  readonly discount: Discount;
  readonly opensAt: string | null;
  readonly closesAt: string | null;
  readonly minimumAmount: number;
  readonly currency: string;
  readonly counts: CouponCounts;
}

/** `left`: what can still be asked for; `accepted` is also the last rank that was given. */
export interface CouponCounts {
  readonly accepted: number;
  readonly requested: number;
  readonly issued: number;
  readonly failed: number;
  readonly left: number;
  /** Of those issued: named by an order that is not paid; redeemed by one that is. */
  readonly claimed: number;
  readonly redeemed: number;
}
