import { payAndShipmentRequestSchema, shipmentStatusEventSchema } from '../contracts/events';
import {
  createOrderSchema,
  listOrdersSchema,
  putCouponSchema,
  putProductSchema,
  reasonSchema,
  requestCouponSchema,
} from '../contracts/http';
import { COUPON_REFUSALS } from '../domain/coupon';
import { ANSWERS } from './openapi-answers';
import { BODY, KEY, type Operation } from './openapi-operation';

/** What customers, their operators and the carrier ask; JSON in and out. */
export const SHOP_OPERATIONS: Readonly<Record<string, Operation>> = {
  'post /api/orders': {
    summary: 'Place an order; its stock is taken by the saga that follows',
    body: createOrderSchema,
    answer: { status: 201, data: ANSWERS.order },
    problems: [...BODY, ...KEY, 'UNKNOWN_SKU', 'COUPON_NOT_ISSUED', 'COUPON_MINIMUM_NOT_MET', 'COUPON_IN_USE'],
  },
  'get /api/orders': {
    summary: "The user's orders, newest first",
    query: listOrdersSchema,
    answer: { status: 200, data: ANSWERS.orders },
    problems: ['VALIDATION_FAILED'],
  },
  'get /api/orders/{orderId}': {
    summary: 'One order with its lines',
    answer: { status: 200, data: ANSWERS.order },
    problems: ['ORDER_NOT_FOUND'],
  },
  'get /api/orders/{orderId}/status': {
    summary: 'How the order stands, by its workflow where that can tell, else by the database',
    answer: { status: 200, data: ANSWERS.orderStatus },
    problems: ['ORDER_NOT_FOUND'],
  },
  'post /api/orders/{orderId}/process-payment-shipment': {
    summary: 'Pay and ship: accepted at once, worked on by the saga',
    body: payAndShipmentRequestSchema,
    answer: { status: 202, data: ANSWERS.processing },
    problems: [...BODY, ...KEY, 'ORDER_NOT_FOUND', 'ORDER_NOT_PAYABLE', 'PAYMENT_IN_PROGRESS'],
  },
  'post /api/orders/{orderId}/cancel': {
    summary: 'Cancel before it has left; CANCELLING: recorded, its undo goes on',
    body: reasonSchema,
    answer: { status: 202, data: ANSWERS.cancelled },
    problems: [...BODY, ...KEY, 'ORDER_NOT_FOUND', 'ORDER_NOT_CANCELLABLE', 'TEMPORAL_UNAVAILABLE'],
  },
  'post /api/orders/{orderId}/refund': {
    summary: 'Give a completed order back; an operator also one that is on its way',
    body: reasonSchema,
    answer: { status: 202, data: ANSWERS.refundRequested },
    problems: [...BODY, ...KEY, 'ORDER_NOT_FOUND', 'ORDER_NOT_REFUNDABLE', 'TEMPORAL_UNAVAILABLE'],
  },
  'get /api/products': {
    summary: 'What can be bought',
    answer: { status: 200, data: ANSWERS.products },
    problems: [],
  },
  'put /api/ops/products/{sku}': {
    summary: 'Create or change a product and set its free units (operators)',
    body: putProductSchema,
    answer: { status: 200, data: ANSWERS.product },
    problems: [...BODY, 'FORBIDDEN'],
  },
  'post /api/coupons/{code}/requests': {
    summary: 'Ask for a coupon, first come first served; the same requestId again: the first answer',
    body: requestCouponSchema,
    answer: { status: 202, data: ANSWERS.couponAccepted },
    problems: [...BODY, ...KEY, ...COUPON_REFUSALS],
  },
  'get /api/coupons/requests/{requestId}': {
    summary: "How the user's own request for a coupon stands",
    answer: { status: 200, data: ANSWERS.couponRequest },
    problems: ['COUPON_REQUEST_NOT_FOUND'],
  },
  'put /api/ops/coupons/{code}': {
    summary: 'Create or change a coupon; its total never falls below what is taken (operators)',
    body: putCouponSchema,
    answer: { status: 200, data: ANSWERS.coupon },
    problems: [...BODY, 'FORBIDDEN', 'COUPON_TOTAL_TOO_LOW'],
  },
  'get /api/ops/coupons/{code}': {
    summary: 'A coupon and how many of it stand where (operators)',
    answer: { status: 200, data: ANSWERS.coupon },
    problems: ['VALIDATION_FAILED', 'FORBIDDEN', 'COUPON_NOT_FOUND'],
  },
  'post /webhooks/carrier': {
    summary: "The carrier's scans, signed with HMAC-SHA256 over the raw body",
    body: shipmentStatusEventSchema,
    answer: { status: 202, data: ANSWERS.carrierEvent },
    problems: [...BODY, 'SIGNATURE_INVALID', 'ORDER_NOT_FOUND'],
    security: 'signature',
  },
};
