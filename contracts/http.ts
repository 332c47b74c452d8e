/** What customers and shop operators send over HTTP. */
import { z } from 'zod';
import { couponCodeSchema, payAndShipmentRequestSchema, requestIdSchema, shipmentAddressSchema } from './events';
import { codeSchema, externalText, momentSchema } from './external-text';
import { rule } from './language';

export const skuSchema = codeSchema.meta({ examples: ['MUG'] });

export const orderIdParamSchema = z
  .string()
  .regex(/^[1-9]\d{0,15}$/)
  .transform(Number)
  .refine(Number.isSafeInteger)
  .meta({ examples: ['17'] });

export const EVENT_RULE = rule('must be the id of an event of this stream', '이 스트림의 이벤트 번호여야 합니다');
/** Empty: from the beginning. */
export const lastEventIdSchema = z.string().regex(/^\d{0,16}$/, EVENT_RULE);

/** The seeds' PayAndShipmentRequestDto; unlike the event that carries it, a request has no unknown fields. */
export const payAndShipmentBodySchema = payAndShipmentRequestSchema
  .extend({
    paymentRequest: payAndShipmentRequestSchema.shape.paymentRequest.strict(),
    shipment: shipmentAddressSchema.strict().optional().describe("Absent: as in the order's latest request"),
    warehouseStorage: z
      .boolean()
      .optional()
      .describe("Absent: false with a shipment, else as in the order's latest request"),
  })
  .strict()
  .meta({
    examples: [
      {
        paymentRequest: { method: 'CARD', token: 'tok_visa' },
        shipment: {
          recipientName: 'Kim Jiwoo',
          phone: '010-0000-0000',
          postalCode: '04524',
          address1: 'Sejong-daero 110',
          country: 'KR',
        },
      },
    ],
  });

export type PayAndShipmentBody = z.infer<typeof payAndShipmentBodySchema>;

export const listOrdersSchema = z.strictObject({
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
    message: rule(
      'each sku may be in one line only; add up its quantities',
      '같은 sku는 한 줄에만 쓸 수 있습니다. 수량을 합쳐 주세요',
    ),
    path: ['lines'],
  })
  .meta({ examples: [{ lines: [{ sku: 'MUG', quantity: 2 }] }] });
export type CreateOrder = z.infer<typeof createOrderSchema>;

export const reasonSchema = z
  .strictObject({ reason: externalText({ max: 500 }) })
  .meta({ examples: [{ reason: 'Ordered by mistake' }] });

export const putProductSchema = z
  .strictObject({
    name: externalText({ max: 200 }),
    /** Minor units of CURRENCY. */
    price: z.number().int().min(0).max(1_000_000_000_000),
    /** Free units from now on. */
    stock: z.number().int().min(0).max(1_000_000_000),
  })
  .meta({ examples: [{ name: 'Mug', price: 12_000, stock: 100 }] });
export type PutProduct = z.infer<typeof putProductSchema>;

export const requestCouponSchema = z
  .strictObject({ requestId: requestIdSchema })
  .meta({ examples: [{ requestId: '7f0c1d5e-1' }] });

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
    /** From when to when it can be requested; using it has no end. */
    opensAt: momentSchema.optional(),
    closesAt: momentSchema.optional(),
    /** What an order must come to before the discount, minor units. */
    minimumAmount: z.number().int().min(0).max(1_000_000_000_000).optional(),
  })
  .refine(({ opensAt, closesAt }) => !opensAt || !closesAt || Date.parse(opensAt) < Date.parse(closesAt), {
    message: rule('must be later than opensAt', 'opensAt보다 늦어야 합니다'),
    path: ['closesAt'],
  })
  .meta({
    examples: [
      {
        name: 'Opening day',
        total: 100,
        discount: { type: 'PERCENT', value: 10 },
        opensAt: '2026-12-01T10:00:00+09:00',
      },
    ],
  });
export type PutCoupon = z.infer<typeof putCouponSchema>;
