/** What the api answers, as schemas for its documentation; each is held to its type in contracts/ by the compiler. */
import { z } from 'zod';
import type {
  CouponAcceptedView,
  CouponRequestView,
  CouponView,
  OrderStatusView,
  OrderView,
  ProductView,
  TimelineView,
} from '../contracts/http';
import { ORDER_STEPS } from '../contracts/workflow/attempt-steps';
import type { StepView } from '../contracts/workflow-api';
import { COUPON_REQUEST_STATUSES, DISCOUNT_TYPES } from '../domain/coupon';
import { ORDER_STATUSES } from '../domain/order-status';
import { SAGA_STATES, STEP_STATES } from '../domain/saga-state';
import { PROBLEM_CODES, type ProblemBody } from './problem';

const amount = z.int().describe('Minor units of the currency');
const time = z.iso.datetime();

const summary = {
  orderId: z.int(),
  status: z.enum(ORDER_STATUSES),
  statusDescription: z.string(),
  reason: z.string().optional(),
  totalAmount: amount.describe('What is to be paid: the lines less the discount'),
  currency: z.string(),
  couponCode: z.string().optional(),
  discountAmount: amount.optional(),
  createdAt: time,
  lastUpdated: time,
};

const orderSummary: z.ZodType<Omit<OrderView, 'lines'>> = z.object(summary);

const order: z.ZodType<OrderView> = z.object({
  ...summary,
  lines: z.array(z.object({ sku: z.string(), name: z.string(), quantity: z.int(), unitPrice: amount })),
});

const step: z.ZodType<Omit<StepView, 'retryEveryMs'>> = z.object({
  step: z.enum(ORDER_STEPS),
  attempt: z.int(),
  state: z.enum(STEP_STATES),
  error: z.string().optional().describe('Code of the failure'),
  nextRetryAt: time.optional().describe('When an undo that failed is tried again by itself'),
});

const orderStatus: z.ZodType<OrderStatusView> = z.object({
  orderId: z.int(),
  status: z.enum(ORDER_STATUSES),
  statusDescription: z.string(),
  progressPercentage: z.int().min(0).max(100),
  canCancel: z.boolean(),
  lastUpdated: time,
  estimatedCompletionAt: time
    .nullable()
    .describe(
      'When what is under way is over at the latest: lastUpdated plus the processing budget. Null while waiting for the customer, the carrier or an operator, when late, and at the end',
    ),
  reason: z.string().optional(),
  saga: z.object({ state: z.enum(SAGA_STATES), steps: z.array(step) }),
  source: z.enum(['workflow', 'database']),
});

const processing = z.object({
  orderId: z.int(),
  status: z.literal('PROCESSING'),
  message: z.string(),
  estimatedProcessingTime: z.string(),
  websocketTopic: z.string(),
  statusCheckUrl: z.string(),
});

const product: z.ZodType<ProductView> = z.object({
  sku: z.string(),
  name: z.string(),
  price: amount,
  currency: z.string(),
  stock: z.int().describe('Free units'),
});

const rank = z.int().min(1).describe('Given in the order of asking, each once');

const couponAccepted: z.ZodType<CouponAcceptedView> = z.object({ requestId: z.string(), rank });

const couponRequest: z.ZodType<CouponRequestView> = z.object({
  requestId: z.string(),
  code: z.string(),
  status: z.enum(COUPON_REQUEST_STATUSES).describe('FAILED: its place is open to the next who asks'),
  rank,
  issuedAt: time.optional(),
});

const count = z.int().min(0);

const coupon: z.ZodType<CouponView> = z.object({
  code: z.string(),
  name: z.string(),
  total: count.describe('How many may be issued, ever'),
  discount: z.object({
    type: z.enum(DISCOUNT_TYPES),
    value: z.int().describe('FIXED: minor units of the currency; PERCENT: 1 to 100, rounded down'),
  }),
  opensAt: time.nullable(),
  closesAt: time.nullable(),
  minimumAmount: amount.describe('What the lines must come to before the discount'),
  currency: z.string(),
  counts: z.object({
    accepted: count.describe('Also the last rank that was given'),
    requested: count,
    issued: count,
    failed: count,
    left: count.describe('What can still be asked for'),
    claimed: count.describe('Issued, and named by an order that is not paid'),
    redeemed: count.describe('Issued, and used by an order that is paid'),
  }),
});

export const timelineEntry: z.ZodType<TimelineView> = z.object({
  id: z.int().describe('Resumes: Last-Event-ID'),
  at: time,
  type: z.string(),
  data: z.record(z.string(), z.unknown()),
});

export const problemAnswer: z.ZodType<ProblemBody> = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(PROBLEM_CODES),
  detail: z.string(),
});

const ending = <Status extends string>(...statuses: [Status, ...Status[]]) =>
  z.object({ orderId: z.int(), status: z.enum(statuses) });

/** `data` of each success. */
export const ANSWERS = {
  order,
  orders: z.array(orderSummary),
  orderStatus,
  processing,
  cancelled: ending('CANCELLED', 'CANCELLING'),
  refundRequested: ending('REFUND_REQUESTED'),
  product,
  products: z.array(product),
  couponAccepted,
  couponRequest,
  coupon,
  carrierEvent: z.object({ orderId: z.int() }),
} as const;
