/** HTTP bodies between the provider adapters and the sandbox that plays payment, carrier and warehouse. */
import { z } from 'zod';
import { codeOr, isCode } from '../domain/provider-code';
import { shipmentAddressSchema, shipmentStatusEventSchema } from './events';
import { externalId, externalText } from './external-text';
import { SHIPMENT_STATUSES } from './workflow/messages';

export const PROVIDERS = ['payment', 'carrier', 'warehouse'] as const;
export type ProviderName = (typeof PROVIDERS)[number];

const orderId = z.number().int().positive().max(Number.MAX_SAFE_INTEGER);
const amountMinor = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as KRW');
export const businessKeySchema = z.string().regex(/^[\w:.-]{1,200}$/, 'must be 1 to 200 letters, digits or _:.-');

export const openPaymentRequestSchema = z.object({
  key: businessKeySchema,
  orderId,
  amountMinor: amountMinor.positive(),
  currency,
  token: externalText({ max: 200 }),
});
export type OpenPaymentRequest = z.infer<typeof openPaymentRequestSchema>;

/** The provider's own name for what it made. */
export const providerRefSchema = externalId({ max: 200 });
/** A provider's own words are not read: only its code, or ours in the place of what is none. */
export function providerCode(own: string) {
  return z.string().transform((code) => codeOr(own, code));
}

export const openPaymentResponseSchema = z.object({ ref: providerRefSchema });

export const paymentStateSchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal('open') }),
  z.object({ status: z.literal('processing') }),
  z.object({ status: z.literal('captured'), capturedMinor: amountMinor }),
  z.object({ status: z.literal('declined'), code: providerCode('CARD_DECLINED') }),
  z.object({ status: z.literal('closed'), refundedMinor: amountMinor }),
]);
/** A payment's state; amounts in minor units of its currency. */
export type PaymentState = z.infer<typeof paymentStateSchema>;

const paymentFacts = {
  status: z.enum(['open', 'processing', 'captured', 'declined', 'closed']),
  /** All that was ever captured, also where it was given back. */
  capturedMinor: amountMinor,
  refundedMinor: amountMinor,
  currency,
};
const paymentFactsSchema = z.object(paymentFacts);
/** What a payment provider has of a payment; `lookup` says only what a step needs. */
export type PaymentFacts = z.infer<typeof paymentFactsSchema>;

/** Null is the provider's own word that there is no such payment. */
export const findPaymentResponseSchema = z.object({ payment: paymentFactsSchema.nullable() });

export const closePaymentResponseSchema = z.object({ refundedMinor: amountMinor });

export const createShipmentRequestSchema = z.object({
  key: businessKeySchema,
  orderId,
  recipient: shipmentAddressSchema,
});
export type CreateShipmentRequest = z.infer<typeof createShipmentRequestSchema>;

const parcel = { ref: providerRefSchema, trackingNumber: shipmentStatusEventSchema.shape.trackingNumber.unwrap() };
export const createShipmentResponseSchema = z.object(parcel);

export const shipmentStateSchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal('none') }),
  z.object({ status: z.literal('created'), ...parcel }),
  z.object({ status: z.literal('picked_up'), ...parcel }),
  z.object({ status: z.literal('cancelled') }),
]);
/** 'picked_up' from the first scan SHIPMENT_STARTED on. */
export type ShipmentState = z.infer<typeof shipmentStateSchema>;

export const storeRequestSchema = z.object({
  key: businessKeySchema,
  orderId,
  recipientName: shipmentAddressSchema.shape.recipientName,
});
export type StoreRequest = z.infer<typeof storeRequestSchema>;

export const storeResponseSchema = z.object({ ref: providerRefSchema });

export const storageStateSchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal('none') }),
  z.object({ status: z.literal('stored'), ref: providerRefSchema }),
  z.object({ status: z.literal('cancelled') }),
]);
export type StorageState = z.infer<typeof storageStateSchema>;

/** An empty body would prove nothing: anything in front of a provider can send one. */
export const cancelledResponseSchema = z.object({ status: z.literal('cancelled') });

export const scanRequestSchema = z.object({ status: z.enum(SHIPMENT_STATUSES) });

export const parcelViewSchema = z.object({
  key: businessKeySchema,
  orderId,
  ...parcel,
  status: z.enum(['CREATED', 'CANCELLED', ...SHIPMENT_STATUSES]),
});
/** A parcel as the carrier lists it for an order; status is its newest scan. */
export type ParcelView = z.infer<typeof parcelViewSchema>;

export const storageViewSchema = z.object({
  key: businessKeySchema,
  orderId,
  ref: providerRefSchema,
  status: z.enum(['STORED', 'CANCELLED']),
});
/** Goods as the warehouse lists them for an order. */
export type StorageView = z.infer<typeof storageViewSchema>;

const changedAt = z.iso
  .datetime()
  .max(64)
  .transform((text) => new Date(text));

export const listedPaymentSchema = z.object({
  key: businessKeySchema,
  orderId,
  ref: providerRefSchema,
  ...paymentFacts,
  changedAt,
});
/** A payment of ours as its provider lists it. */
export type ListedPayment = z.infer<typeof listedPaymentSchema>;

export const listedParcelSchema = parcelViewSchema.extend({ changedAt });
export type ListedParcel = z.infer<typeof listedParcelSchema>;

export const listedStorageSchema = storageViewSchema.extend({ changedAt });
export type ListedStorage = z.infer<typeof listedStorageSchema>;

/** Both fields must be there: that a provider has nothing, or nothing more, is said and not inferred. */
export function listResponseSchema<Listed extends z.ZodType>(listed: Listed) {
  return z.object({ records: z.array(listed).max(1_000), next: externalId({ max: 200 }).nullable() });
}

/** What the carrier posts for each scan: the event of `shipment.status`, tracking number always present. */
export const carrierWebhookSchema = shipmentStatusEventSchema.required({ trackingNumber: true });
export type CarrierWebhook = z.infer<typeof carrierWebhookSchema>;

/** Carries `sha256=` and the hex HMAC-SHA256 of the webhook's raw body. */
export const CARRIER_SIGNATURE_HEADER = 'x-carrier-signature';

export const ledgerEntrySchema = z.object({
  type: z.enum(['charge', 'refund']),
  orderId,
  /** Minor units, positive for charges and refunds alike. */
  amount: amountMinor,
  currency,
  key: businessKeySchema,
  at: z.iso.datetime().max(64),
});
export type LedgerEntry = z.infer<typeof ledgerEntrySchema>;

export const PROVIDER_OPERATIONS = ['open', 'confirm', 'lookup', 'close', 'create', 'store', 'cancel', 'list'] as const;
export type ProviderOperation = (typeof PROVIDER_OPERATIONS)[number];

/** What a fault is about; absent: every call. */
const faultScope = {
  operation: z.enum(PROVIDER_OPERATIONS).optional(),
  /** Only calls for this order. */
  orderId: orderId.optional(),
};

const delayMs = z.number().int().min(0).max(600_000).optional();

/** A response in the provider's place, as a gateway, a proxy or a login page gives one. */
const gatewayFaultSchema = z.strictObject({
  mode: z.literal('gateway'),
  ...faultScope,
  /** Of the response; absent: the connection is closed without one. */
  status: z.number().int().min(200).max(599).optional(),
  /** As it is sent; absent: empty. */
  body: externalId({ min: 0, max: 100_000 }).optional(),
  headers: z.record(externalId({ max: 200 }), externalId({ min: 0, max: 8_000 })).optional(),
  /** Whether the provider has acted when the response is given in its place. */
  when: z.enum(['before', 'after']).default('before'),
  delayMs,
  /** So many calls; absent: until it is ended. */
  times: z.number().int().min(1).max(1_000_000).optional(),
});

export const outageRequestSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('unavailable'), ...faultScope }),
  z.strictObject({ mode: z.literal('slow'), ...faultScope, delayMs }),
  gatewayFaultSchema,
  z.strictObject({ mode: z.literal('none'), ...faultScope }),
]);
export type OutageRequest = z.infer<typeof outageRequestSchema>;
export type GatewayFault = z.infer<typeof gatewayFaultSchema>;

/** A fault in force. */
export type OutageView = Exclude<OutageRequest, { mode: 'none' }> & { readonly provider: ProviderName };

/** A provider's own problem: a body without a code comes from something else. */
export const providerProblemSchema = z.object({ code: z.string().refine(isCode, 'must be a code') });
