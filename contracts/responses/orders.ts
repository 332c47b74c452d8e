/** What customers read of products and orders. */
import { z } from 'zod';
import { ORDER_STATUSES } from '../../domain/order-status';
import { SAGA_STATES, STEP_STATES } from '../../domain/saga-state';
import { ORDER_STEPS } from '../workflow/attempt-steps';
import { amount, count, type ResponseOf, text, time } from './common';

export const productSchema = z
  .object({
    sku: text,
    name: text,
    price: amount,
    currency: text,
    stock: count.describe('Free units'),
  })
  .meta({ id: 'Product', examples: [{ sku: 'MUG', name: 'Mug', price: 12_000, currency: 'KRW', stock: 100 }] });
export type ProductView = ResponseOf<typeof productSchema>;

const ORDER = {
  orderId: 17,
  status: 'CREATED',
  statusDescription: 'Received',
  totalAmount: 24_000,
  currency: 'KRW',
  createdAt: '2026-11-28T09:00:00.000Z',
  lastUpdated: '2026-11-28T09:00:00.000Z',
};

export const orderSummarySchema = z
  .object({
    orderId: z.int(),
    status: z.enum(ORDER_STATUSES),
    statusDescription: text,
    reason: text.optional(),
    totalAmount: amount.describe('What is to be paid: the lines less the discount'),
    currency: text,
    couponCode: text.optional(),
    discountAmount: amount.optional(),
    createdAt: time,
    lastUpdated: time,
  })
  .meta({ id: 'OrderSummary', examples: [ORDER] });
export type OrderSummary = ResponseOf<typeof orderSummarySchema>;

export const orderSchema = orderSummarySchema
  .extend({
    lines: z.array(z.object({ sku: text, name: text, quantity: z.int(), unitPrice: amount })),
    trackingNumber: text.optional().describe("The carrier's, once there is a parcel"),
  })
  .meta({
    id: 'Order',
    examples: [{ ...ORDER, lines: [{ sku: 'MUG', name: 'Mug', quantity: 2, unitPrice: 12_000 }] }],
  });
export type OrderView = ResponseOf<typeof orderSchema>;

const stepSchema = z.object({
  step: z.enum(ORDER_STEPS),
  attempt: z.int(),
  state: z.enum(STEP_STATES),
  error: text.optional().describe('Code of the failure'),
  nextRetryAt: time.optional().describe('When an undo that failed is tried again by itself'),
});

export const orderStatusSchema = z
  .object({
    orderId: z.int(),
    status: z.enum(ORDER_STATUSES),
    statusDescription: text,
    progressPercentage: z.int().min(0).max(100),
    canPay: z.boolean().describe('It waits for a payment: process-payment-shipment is accepted'),
    canCancel: z.boolean(),
    canRefund: z.boolean().describe('The customer can give it back'),
    lastUpdated: time,
    estimatedCompletionAt: time
      .nullable()
      .describe(
        'When what is under way is over, as 19 of 20 recent orders were; for an undo, and an order that takes longer, at the latest: lastUpdated plus the processing budget. Null while waiting for the customer, the carrier or an operator, when late, and at the end',
      ),
    reason: text.optional(),
    saga: z.object({ state: z.enum(SAGA_STATES), steps: z.array(stepSchema) }),
    source: z.enum(['workflow', 'database']),
  })
  .meta({
    id: 'OrderStatusDetails',
    examples: [
      {
        orderId: 17,
        status: 'PENDING_PAYMENT',
        statusDescription: 'Waiting for payment',
        progressPercentage: 20,
        canPay: true,
        canCancel: true,
        canRefund: false,
        lastUpdated: '2026-11-28T09:00:00.000Z',
        estimatedCompletionAt: null,
        saga: { state: 'WAITING', steps: [{ step: 'stock', attempt: 0, state: 'DONE' }] },
        source: 'workflow',
      },
    ],
  });
export type OrderStatusView = ResponseOf<typeof orderStatusSchema>;

export const processingSchema = z
  .object({
    orderId: z.int(),
    status: z.literal('PROCESSING'),
    message: text,
    estimatedProcessingTime: text.describe(
      'In words: what half of the last 1,000 paid orders took, and what 19 of 20 did',
    ),
    websocketTopic: text,
    statusCheckUrl: text,
  })
  .meta({
    id: 'OrderProcessing',
    examples: [
      {
        orderId: 17,
        status: 'PROCESSING',
        message: 'Your order was received. The payment is being processed.',
        estimatedProcessingTime: '1-3 minutes',
        websocketTopic: '/topic/order/17',
        statusCheckUrl: '/api/orders/17/status',
      },
    ],
  });

export const cancelledSchema = z
  .object({ orderId: z.int(), status: z.enum(['CANCELLED', 'CANCELLING']) })
  .meta({ id: 'OrderCancelled', examples: [{ orderId: 17, status: 'CANCELLED' }] });
export const refundRequestedSchema = z
  .object({ orderId: z.int(), status: z.literal('REFUND_REQUESTED') })
  .meta({ id: 'OrderRefundRequested', examples: [{ orderId: 17, status: 'REFUND_REQUESTED' }] });
export const carrierEventSchema = z
  .object({ orderId: z.int() })
  .meta({ id: 'CarrierEventAccepted', examples: [{ orderId: 17 }] });
