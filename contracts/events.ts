/** The parts of events that several topics share, or REST and a topic, as zod schemas; readers ignore unknown fields. */
import { z } from 'zod';
import { codeSchema, externalId, externalPhone, externalText } from './external-text';
import { rule } from './language';
import { SHIPMENT_STATUSES } from './workflow/messages';

/** What every event has. */
export const envelope = {
  eventId: externalId({ max: 200 }),
  /** ISO 8601; without a zone it is read as EVENT_TIME_ZONE. */
  eventCreatedAt: externalId({ max: 64 }),
  schemaVersion: z.literal(1).default(1),
};

/** That of the documented examples. */
export const EXAMPLE_ENVELOPE = {
  eventId: '0f8fad5b-d9cb-469f-a165-70867728950e',
  eventCreatedAt: '2026-11-28T09:00:00.000Z',
  schemaVersion: 1,
} as const;

export const orderIdSchema = z.number().int().positive().max(Number.MAX_SAFE_INTEGER);
export const userEmailSchema = externalText({ min: 3, max: 320 });

export const shipmentAddressSchema = z.object({
  recipientName: externalText({ max: 100 }),
  phone: externalPhone({ max: 40 }),
  postalCode: externalText({ max: 20 }),
  address1: externalText({ max: 200 }),
  address2: externalText({ min: 0, max: 200 }).optional(),
  country: z
    .string()
    .trim()
    .regex(
      /^[A-Z]{2}$/,
      rule('must be an ISO 3166-1 alpha-2 code such as KR', 'KR과 같은 ISO 3166-1 alpha-2 코드여야 합니다'),
    ),
});
export type ShipmentAddress = z.infer<typeof shipmentAddressSchema>;

/** The seeds' PayAndShipmentRequestDto. */
export const payAndShipmentRequestSchema = z.object({
  paymentRequest: z.object({
    method: z.literal('CARD'),
    token: externalText({ max: 200 }),
  }),
  shipment: shipmentAddressSchema,
  warehouseStorage: z.boolean().default(false),
});
export type PayAndShipmentRequest = z.infer<typeof payAndShipmentRequestSchema>;

export const orderProcessingEventSchema = z
  .object({
    ...envelope,
    orderId: orderIdSchema,
    userEmail: userEmailSchema,
    requestDto: payAndShipmentRequestSchema,
    retryCount: z.number().int().min(0).max(1000).default(0),
  })
  .meta({
    examples: [
      {
        ...EXAMPLE_ENVELOPE,
        orderId: 17,
        userEmail: 'kim@example.com',
        requestDto: {
          paymentRequest: { method: 'CARD', token: 'tok_visa' },
          shipment: {
            recipientName: 'Kim',
            phone: '010-0000-0000',
            postalCode: '04524',
            address1: 'Seoul',
            country: 'KR',
          },
          warehouseStorage: false,
        },
        retryCount: 0,
      },
    ],
  });
export type OrderProcessingEvent = z.infer<typeof orderProcessingEventSchema>;

export const shortageSchema = z.object({
  sku: externalId({ max: 64 }),
  requested: z.number().int(),
  available: z.number().int(),
});
export type Shortage = z.infer<typeof shortageSchema>;

export const shipmentStatusEventSchema = z
  .object({
    ...envelope,
    orderId: orderIdSchema,
    status: z.enum(SHIPMENT_STATUSES),
    trackingNumber: externalId({ max: 100 }).optional(),
  })
  .meta({
    examples: [{ eventId: 'scan-1', eventCreatedAt: '2026-11-28T09:00:00Z', orderId: 17, status: 'IN_TRANSIT' }],
  });
export type ShipmentStatusEvent = z.infer<typeof shipmentStatusEventSchema>;

export const requestIdSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/,
    rule(
      'must be 1 to 100 letters, digits, dots, colons, dashes or underscores',
      '글자, 숫자, 점, 콜론, 하이픈, 밑줄로 1자에서 100자여야 합니다',
    ),
  )
  .meta({ examples: ['7f0c1d5e-1'] });

export const couponCodeSchema = codeSchema.meta({ examples: ['OPENING-DAY'] });

/** The documented example of a coupon that is to be issued. */
export const EXAMPLE_COUPON_ISSUE = {
  ...EXAMPLE_ENVELOPE,
  requestId: '7f0c1d5e-1',
  userId: 'kim',
  code: 'OPENING-DAY',
  rank: 3,
} as const;

export const couponIssueEventSchema = z
  .object({
    ...envelope,
    requestId: requestIdSchema,
    userId: externalId({ max: 255 }),
    code: couponCodeSchema,
    rank: z.number().int().positive(),
  })
  .meta({ examples: [EXAMPLE_COUPON_ISSUE] });
export type CouponIssueEvent = z.infer<typeof couponIssueEventSchema>;
