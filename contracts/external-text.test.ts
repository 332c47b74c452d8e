import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { TOPICS, topicDefinition } from './topics';

const ROOT = join(__dirname, '..');
const CARD = '4111 1111 1111 1111';
const decided = { decisionId: 'd-1', reason: 'asked for by phone' };
const envelope = { eventId: 'e-1', eventCreatedAt: '2026-11-27T00:00:00Z' };
const shipment = {
  ...{ recipientName: 'Kim', phone: '010-0000-0000', postalCode: '04524' },
  ...{ address1: 'Sejong-daero 110', address2: '3F', country: 'KR' },
};
const payAndShip = { paymentRequest: { method: 'CARD', token: 'tok_visa' }, shipment };
const coupon = { ...envelope, requestId: 'r-1', userId: 'kim', code: 'OPENING', rank: 1 };

const ofOrder = { key: '1:payment:1', orderId: 1 };
const paymentFacts = { status: 'captured', capturedMinor: 1, refundedMinor: 0, currency: 'KRW' };
const refund = { id: 're_1', object: 'refund', status: 'failed', amount: 1, failure_reason: 'lost_or_stolen_card' };
const parcel = { ref: 'sh_1', trackingNumber: 'SBX1' };

const deadLetterFilter = {
  ...{ topic: 'coupon.issue', code: 'NOT_JSON', key: 'k' },
  ...{ deadBefore: '2026-11-27T00:00:00Z', deadAfter: '2026-11-26T00:00:00Z' },
};

/** Examples of what can have one shape or another. */
class OneOf {
  readonly examples: readonly unknown[];
  constructor(...examples: readonly unknown[]) {
    this.examples = examples;
  }
}

/** An example of each schema by which something from outside is read, with every text that it can have. */
const EXAMPLES: Readonly<Record<string, unknown>> = {
  orderIdSchema: 1,
  userEmailSchema: 'kim@example.com',
  shipmentAddressSchema: shipment,
  payAndShipmentRequestSchema: payAndShip,
  orderProcessingEventSchema: { ...envelope, orderId: 1, userEmail: 'kim@example.com', requestDto: payAndShip },
  'stock.decrease.requested': {
    ...{ ...envelope, orderId: 1, userEmail: 'kim@example.com' },
    lines: [{ sku: 'MUG', quantity: 1 }],
  },
  shortageSchema: { sku: 'MUG', requested: 2, available: 1 },
  'stock.decrease.failed': {
    ...{ ...envelope, orderId: 1, reason: 'none left' },
    shortages: [{ sku: 'MUG', requested: 2, available: 1 }],
  },
  shipmentStatusEventSchema: { ...envelope, orderId: 1, status: 'IN_TRANSIT', trackingNumber: 'SBX1' },
  'order.status.changed': { ...envelope, orderId: 1, from: 'CREATED', to: 'CANCELLED', reason: 'SHORT' },
  requestIdSchema: 'r-1',
  couponCodeSchema: 'OPENING',
  couponIssueEventSchema: coupon,
  'coupon.issued': { ...coupon, issuedAt: '2026-11-27T00:00:00Z' },
  skuSchema: 'MUG',
  codeSchema: 'MUG',
  momentSchema: '2026-11-27T00:00:00Z',
  orderIdParamSchema: '17',
  lastEventIdSchema: '41',
  payAndShipmentBodySchema: payAndShip,
  itemIdSchema: 12,
  listOrdersSchema: {},
  returnToSchema: '/track/17',
  signInSchema: { returnTo: '/track/17' },
  signInCallbackSchema: { state: 'x-1' },
  signInFlowSchema: { state: 'x-1', nonce: 'x-2', verifier: 'x-3', returnTo: '/track/17' },
  signInLinkSchema: { token: 'x.y.z' },
  signOutSchema: { orderId: '17' },
  linkParamSchema: { link: 'x.y.z' },
  trackingPageSchema: { link: 'x.y.z' },
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
  decisionSchema: decided,
  replayDeadLetterSchema: new OneOf({ ...decided, value: '{}' }, { ...decided, valueBase64: 'e30=' }),
  deadLetterFilterSchema: { ...deadLetterFilter, state: 'WAITING' },
  listDeadLettersSchema: deadLetterFilter,
  replayManySchema: { ...decided, filter: deadLetterFilter },
  listBlockedKeysSchema: {},
  releaseBlockedKeySchema: new OneOf(
    { ...decided, topic: 'shipment.status', key: '1' },
    { ...decided, topic: 'shipment.status', keyBase64: 'MQ==' },
  ),
  resolveSchema: { ...decided, step: 'shipment', decision: 'DONE_EXTERNALLY', reference: 'bank transfer 4711' },
  sagaFilterSchema: { sagaState: 'WAITING' },
  outboxQuerySchema: {},
  itemFilterSchema: { subject: 'order-1/payment', cause: 'UNDO_REFUSED', step: 'payment' },
  reconcileSchema: { since: '2026-11-27T00:00:00Z', fix: true, reason: 'after the outage' },
  runIdSchema: '0b0c3a4e',
  listRunsSchema: {},
  deadLetterPositionSchema: { topic: 'coupon.issue.DLT', partition: 0, offset: '7' },
  businessKeySchema: '1:payment:1',
  providerRefSchema: 'pay_1',
  openPaymentRequestSchema: { ...ofOrder, amountMinor: 1, currency: 'KRW', token: 'tok_visa' },
  openPaymentResponseSchema: { ref: 'pay_1' },
  paymentStateSchema: { status: 'declined', code: 'CARD_DECLINED' },
  findPaymentResponseSchema: { payment: paymentFacts },
  listedPaymentSchema: { ...ofOrder, ref: 'pay_1', ...paymentFacts, changedAt: '2026-11-27T00:00:00Z' },
  listedParcelSchema: { ...ofOrder, ...parcel, status: 'CREATED', changedAt: '2026-11-27T00:00:00Z' },
  listedStorageSchema: { ...ofOrder, ref: 'st_1', status: 'STORED', changedAt: '2026-11-27T00:00:00Z' },
  closePaymentResponseSchema: { refundedMinor: 1 },
  createShipmentRequestSchema: { ...ofOrder, recipient: shipment },
  createShipmentResponseSchema: parcel,
  shipmentStateSchema: new OneOf({ status: 'created', ...parcel }, { status: 'picked_up', ...parcel }),
  storeRequestSchema: { ...ofOrder, recipientName: 'Kim' },
  storeResponseSchema: { ref: 'st_1' },
  storageStateSchema: { status: 'stored', ref: 'st_1' },
  cancelledResponseSchema: { status: 'cancelled' },
  scanRequestSchema: { status: 'IN_TRANSIT' },
  parcelViewSchema: { ...ofOrder, ...parcel, status: 'CREATED' },
  storageViewSchema: { ...ofOrder, ref: 'st_1', status: 'STORED' },
  carrierWebhookSchema: { ...envelope, orderId: 1, status: 'IN_TRANSIT', trackingNumber: 'SBX1' },
  ledgerEntrySchema: { type: 'charge', ...ofOrder, amount: 1, currency: 'KRW', at: '2026-11-27T00:00:00Z' },
  outageRequestSchema: { mode: 'gateway', body: '<html>', headers: { 'x-by': 'proxy' } },
  refundSchema: refund,
  refundListSchema: { object: 'list', data: [refund] },
  providerProblemSchema: { code: 'SHIPMENT_REFUSED' },
};

/** What people write, where a card number must not get through; machines' names may have any digits. */
const WRITTEN_BY_PEOPLE =
  /^(userEmail|recipientName|phone|postalCode|address1|address2|token|reason|name|reference|statementSchema|userEmailSchema)$/;

/** What may make a schema of its own for text: it is of what goes out, of the machine's own settings, or of the stand-in. */
const MAY_MAKE_TEXT = /^(contracts|config|sandbox|test|api\/openapi)/;
const RESPONSES = 'contracts/responses/';

const sourcesIn = (folder: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => `${folder}/${file}`);
const folders = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !/^(\.|node_modules)/.test(entry.name))
  .map(({ name }) => name);

const schemas = ['contracts', 'providers']
  .flatMap(sourcesIn)
  .filter((file) => !file.startsWith(RESPONSES))
  .flatMap((file) =>
    Object.entries(require(join(ROOT, file)) as Record<string, unknown>).filter(
      (entry): entry is [string, z.ZodType] => entry[1] instanceof z.ZodType,
    ),
  );
const ofTopics = Object.values(TOPICS)
  .map((topic) => [topic, topicDefinition(topic).schema] as const)
  .filter(([, schema]) => !schemas.some(([, exported]) => exported === schema));
const named = [...new Map<string, z.ZodType>([...schemas, ...ofTopics])].sort(([one], [other]) =>
  one.localeCompare(other),
);

const examplesOf = (name: string): readonly unknown[] => {
  const example = EXAMPLES[name];
  return example instanceof OneOf ? example.examples : [example];
};

/** The names of a schema's fields of text, those with a fixed set of values aside. */
function textFieldsOf(json: unknown): string[] {
  if (typeof json !== 'object' || json === null) return [];
  const { properties = {}, ...rest } = json as { properties?: Record<string, { type?: string; enum?: unknown }> };
  const own = Object.entries(properties).flatMap(([name, field]) =>
    field.type === 'string' && !('enum' in field) && !('const' in field) ? [name] : textFieldsOf(field),
  );
  return [...own, ...Object.values(rest).flatMap(textFieldsOf)];
}

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
  it('is in contracts or with its provider, and has an example here', () => {
    expect(named.map(([name]) => name)).toEqual(Object.keys(EXAMPLES).sort((one, other) => one.localeCompare(other)));
    const others = folders.flatMap(sourcesIn).filter((file) => !MAY_MAKE_TEXT.test(file));
    expect(others.length).toBeGreaterThan(100);
    const makesText = (file: string) =>
      /\bz\s*\.(string|iso|base64|record|email|url)\b/.test(readFileSync(join(ROOT, file), 'utf8'));
    expect(others.filter(makesText)).toEqual([]);
  });

  it.each(named)('%s has every text in its example', (name, schema) => {
    const shown = examplesOf(name).flatMap((example) => textsIn(example).flatMap((path) => path.map(String)));
    const fields = textFieldsOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
    expect(fields.filter((field) => !shown.includes(field))).toEqual([]);
  });

  it.each(named)('%s takes its example, and no text that cannot be kept', (name, schema) => {
    for (const example of examplesOf(name)) {
      expect(schema.safeParse(example).error).toBeUndefined();
      for (const path of textsIn(example))
        for (const bad of ['\u0000', '\ud800', 'x'.repeat(2_000_000)])
          for (const text of [`${bad}a`, `a${bad}`])
            expect({
              path,
              taken: taken(
                schema,
                replaced(example, path, () => text),
                bad,
              ),
            }).toEqual({ path, taken: false });
    }
  });

  it.each(named)('%s takes no card number where people write', (name, schema) => {
    for (const example of examplesOf(name))
      for (const path of textsIn(example).filter((one) => WRITTEN_BY_PEOPLE.test(String(one.at(-1) ?? name)))) {
        const result = schema.safeParse(replaced(example, path, () => CARD));
        expect({ path, isTaken: result.success }).toEqual({ path, isTaken: false });
        expect(JSON.stringify(result.error?.issues)).not.toContain('4111');
      }
  });
});

/** Whether a schema lets a text through: it may also put another in its place. */
function taken(schema: z.ZodType, value: unknown, text: string): boolean {
  const result = schema.safeParse(value);
  return result.success && textsIn(result.data).some((path) => String(at(result.data, path)).includes(text));
}

const at = (value: unknown, path: Path) =>
  path.reduce((inner: unknown, name) => (inner as Record<string | number, unknown>)[name], value);
