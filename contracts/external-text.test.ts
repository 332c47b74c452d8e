import type { z } from 'zod';
import * as desk from './dead-letter-desk';
import * as decision from './decision';
import * as events from './events';
import * as http from './http';
import * as keyLines from './key-lines';
import * as saga from './saga-desk';

const CARD = '4111 1111 1111 1111';
const decided = { decisionId: 'd-1', reason: 'asked for by phone' };
const envelope = { eventId: 'e-1', eventCreatedAt: '2026-11-27T00:00:00Z' };
const shipment = {
  ...{ recipientName: 'Kim', phone: '010-0000-0000', postalCode: '04524' },
  ...{ address1: 'Sejong-daero 110', address2: '3F', country: 'KR' },
};
const payAndShip = { paymentRequest: { method: 'CARD', token: 'tok_visa' }, shipment };
const coupon = { ...envelope, requestId: 'r-1', userId: 'kim', code: 'OPENING', rank: 1 };

/** An example of each schema by which something from outside is read, with every text that it can have. */
const EXAMPLES: Readonly<Record<string, unknown>> = {
  shipmentAddressSchema: shipment,
  payAndShipmentRequestSchema: payAndShip,
  orderProcessingEventSchema: { ...envelope, orderId: 1, userEmail: 'kim@example.com', requestDto: payAndShip },
  stockDecreaseRequestedEventSchema: {
    ...{ ...envelope, orderId: 1, userEmail: 'kim@example.com' },
    lines: [{ sku: 'MUG', quantity: 1 }],
  },
  shortageSchema: { sku: 'MUG', requested: 2, available: 1 },
  stockDecreaseFailedEventSchema: {
    ...{ ...envelope, orderId: 1, reason: 'none left' },
    shortages: [{ sku: 'MUG', requested: 2, available: 1 }],
  },
  shipmentStatusEventSchema: { ...envelope, orderId: 1, status: 'IN_TRANSIT', trackingNumber: 'SBX1' },
  orderStatusChangedEventSchema: { ...envelope, orderId: 1, from: 'CREATED', to: 'CANCELLED', reason: 'SHORT' },
  requestIdSchema: 'r-1',
  couponCodeSchema: 'OPENING',
  couponIssueEventSchema: coupon,
  couponIssuedEventSchema: { ...coupon, issuedAt: '2026-11-27T00:00:00Z' },
  skuSchema: 'MUG',
  listOrdersSchema: {},
  createOrderSchema: { lines: [{ sku: 'MUG', quantity: 1 }], couponCode: 'OPENING' },
  reasonSchema: { reason: 'broken' },
  putProductSchema: { name: 'Mug', price: 1, stock: 1 },
  requestCouponSchema: { requestId: 'r-1' },
  putCouponSchema: {
    ...{ name: 'Opening day', total: 1, discount: { type: 'FIXED', value: 1 } },
    ...{ opensAt: '2026-11-27T00:00:00Z', closesAt: '2026-11-28T00:00:00Z' },
  },
  statementSchema: 'asked for by phone',
  decisionIdSchema: 'd-1',
  discardLetterSchema: decided,
  replayLetterSchema: { ...decided, value: '{}' },
  letterFilterSchema: {
    ...{ topic: 'coupon.issue', code: 'NOT_JSON', key: 'k', state: 'WAITING' },
    ...{ deadBefore: '2026-11-27T00:00:00Z', deadAfter: '2026-11-26T00:00:00Z' },
  },
  listLettersSchema: { topic: 'coupon.issue' },
  replayManySchema: { ...decided, filter: { topic: 'coupon.issue' } },
  steerReplaySchema: decided,
  listLinesSchema: {},
  releaseLineSchema: { ...decided, topic: 'shipment.status', key: '1' },
  compensateSchema: decided,
  resolveSchema: { ...decided, step: 'shipment', decision: 'DONE_EXTERNALLY', reference: 'bank transfer 4711' },
  sagaFilterSchema: { sagaState: 'WAITING' },
  outboxQuerySchema: {},
};

/** What people write, where a card number must not get through; machines' names may have any digits. */
const WRITTEN_BY_PEOPLE =
  /^(recipientName|phone|postalCode|address1|address2|token|reason|name|reference|statementSchema)$/;

const exported: Readonly<Record<string, unknown>> = { ...events, ...http, ...decision, ...desk, ...keyLines, ...saga };
const schemas = Object.entries(exported)
  .filter(([name]) => name.endsWith('Schema'))
  .map(([name, schema]) => [name, schema as z.ZodType] as const);

type Path = readonly (string | number)[];

function textsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value === 'string') return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    textsIn(inner, [...path, Array.isArray(value) ? Number(name) : name]),
  );
}

function replaced(value: unknown, [first, ...rest]: Path, by: (text: string) => string): unknown {
  if (first === undefined) return by(value as string);
  const copy = structuredClone(value) as Record<string | number, unknown>;
  copy[first] = replaced(copy[first], rest, by);
  return copy;
}

describe('every schema of what comes from outside', () => {
  it('has an example here', () => {
    expect(schemas.map(([name]) => name).sort()).toEqual(Object.keys(EXAMPLES).sort());
  });

  it.each(schemas)('%s takes its example, and no text that cannot be kept', (name, schema) => {
    const example = EXAMPLES[name];
    expect(schema.safeParse(example).error).toBeUndefined();
    for (const path of textsIn(example))
      for (const bad of ['\u0000', '\ud800', 'x'.repeat(2_000_000)])
        for (const text of [`${bad}a`, `a${bad}`])
          expect({ path, isTaken: schema.safeParse(replaced(example, path, () => text)).success }).toEqual({
            path,
            isTaken: false,
          });
  });

  it.each(schemas)('%s takes no card number where people write', (name, schema) => {
    const example = EXAMPLES[name];
    for (const path of textsIn(example).filter((one) => WRITTEN_BY_PEOPLE.test(String(one.at(-1) ?? name)))) {
      const result = schema.safeParse(replaced(example, path, () => CARD));
      expect({ path, isTaken: result.success }).toEqual({ path, isTaken: false });
      expect(JSON.stringify(result.error?.issues)).not.toContain('4111');
    }
  });
});
