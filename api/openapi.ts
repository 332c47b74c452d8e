import { z } from 'zod';
import { payAndShipmentRequestSchema, shipmentStatusEventSchema } from '../contracts/events';
import {
  createOrderSchema,
  putCouponSchema,
  putProductSchema,
  reasonSchema,
  requestCouponSchema,
} from '../contracts/http';
import { CARRIER_SIGNATURE_HEADER } from '../contracts/provider-api';
import { COUPON_REFUSALS } from '../domain/coupon';
import { ANSWERS, problemAnswer, timelineEntry } from './openapi-answers';
import { type ProblemCode, problemBody, problemStatus } from './problem';

interface Operation {
  readonly summary: string;
  readonly body?: z.ZodType;
  readonly answer: { readonly status: number; readonly data: z.ZodType };
  readonly problems: readonly ProblemCode[];
  /** Who may ask; absent: any user with a token. */
  readonly security?: 'signature';
}

const BODY: readonly ProblemCode[] = [
  'VALIDATION_FAILED',
  'MALFORMED_JSON',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
];
const KEY: readonly ProblemCode[] = ['IDEMPOTENCY_IN_FLIGHT', 'IDEMPOTENCY_KEY_REUSED'];

/** Every operation under its method and path, JSON in and out; streams and probes are described apart. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  'post /api/orders': {
    summary: 'Place an order; its stock is taken by the saga that follows',
    body: createOrderSchema,
    answer: { status: 201, data: ANSWERS.order },
    problems: [...BODY, ...KEY, 'UNKNOWN_SKU', 'COUPON_NOT_ISSUED', 'COUPON_MINIMUM_NOT_MET', 'COUPON_IN_USE'],
  },
  'get /api/orders': {
    summary: "The user's orders, newest first; pages by `limit` (1 to 100) and `before` (an order id)",
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

type Json = Record<string, unknown>;

/** The OpenAPI 3.1 document, made from the schemas that requests are checked with. */
export function openApiDocument(): Json {
  const paths: Record<string, Json> = {};
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    const [method = '', path = ''] = name.split(' ');
    paths[path] = { ...paths[path], [method]: describe(method, path, operation) };
  }
  paths['/api/orders/{orderId}/events'] = { get: describeEventStream() };
  return {
    openapi: '3.1.0',
    info: {
      title: 'ordersaga',
      version: '1',
      description:
        'Orders that always settle. Amounts are integers in minor units. WebSocket at /topic/order/{orderId}: the events of /api/orders/{orderId}/events, one JSON message each; token in the Authorization header or as ?access_token=.',
    },
    security: [{ bearer: [] }],
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        signature: { type: 'apiKey', in: 'header', name: CARRIER_SIGNATURE_HEADER },
      },
      schemas: { Problem: jsonSchema(problemAnswer, 'output'), TimelineEntry: jsonSchema(timelineEntry, 'output') },
    },
    paths,
  };
}

function describe(method: string, path: string, { summary, body, answer, problems, security }: Operation): Json {
  const data = jsonSchema(answer.data, 'output');
  const success = {
    type: 'object',
    required: ['success', 'data', 'message'],
    properties: { success: { const: true }, data, message: { type: 'string' } },
  };
  return {
    summary,
    ...(security ? { security: [{ [security]: [] }] } : {}),
    parameters: [...pathParameters(path), ...headerParameters(method, security)],
    ...(body
      ? { requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(body, 'input') } } } }
      : {}),
    responses: {
      [answer.status]: { description: 'Success', content: { 'application/json': { schema: success } } },
      ...problemResponses(security ? problems : ['UNAUTHENTICATED', ...problems]),
    },
  };
}

function describeEventStream(): Json {
  const resume = { schema: { type: 'string' }, description: 'Id of the last event that was read' };
  return {
    summary: "The order's timeline as server-sent events: `event` is the entry's type, `data` a TimelineEntry",
    parameters: [
      ...pathParameters('/api/orders/{orderId}/events'),
      { name: 'Last-Event-ID', in: 'header', ...resume },
      { name: 'lastEventId', in: 'query', ...resume },
    ],
    responses: {
      200: { description: 'A stream without end', content: { 'text/event-stream': { schema: { type: 'string' } } } },
      ...problemResponses(['UNAUTHENTICATED', 'VALIDATION_FAILED', 'ORDER_NOT_FOUND']),
    },
  };
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: name === 'orderId' ? 'integer' : 'string' },
  }));
}

function headerParameters(method: string, security: Operation['security']): Json[] {
  if (method !== 'post' || security) return [];
  const description = 'The same key and body again within 24 hours: the same answer, with Idempotent-Replayed: true';
  return [
    { name: 'Idempotency-Key', in: 'header', description, schema: { type: 'string', minLength: 1, maxLength: 255 } },
  ];
}

function problemResponses(codes: readonly ProblemCode[]): Json {
  const byStatus: Record<number, ProblemCode[]> = {};
  for (const code of codes) byStatus[problemStatus(code)] = [...(byStatus[problemStatus(code)] ?? []), code];
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, same]) => [
      status,
      {
        description: same.map((code) => `${code}: ${problemBody(code, 'en').title}`).join(' · '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io }) as Json;
  return rest;
}
