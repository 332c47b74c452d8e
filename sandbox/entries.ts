import { z } from 'zod';
import { SHIPMENT_STATUSES } from '../contracts/workflow-api';

const at = z.string();
const ref = z.string();
const key = z.string();
const orderId = z.number().int();
const amountMinor = z.number().int();

/** Every change of the sandbox's state, as it stands in the journal. No addresses: only what the answers need. */
export const entrySchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('payment.opened'),
    at,
    ref,
    key,
    orderId,
    amountMinor,
    currency: z.string(),
    token: z.string(),
  }),
  z.object({ kind: z.literal('payment.hung'), at, ref }),
  z.object({ kind: z.literal('payment.captured'), at, ref }),
  z.object({ kind: z.literal('payment.declined'), at, ref }),
  z.object({ kind: z.literal('payment.undo_refused'), at, ref }),
  z.object({ kind: z.literal('payment.closed'), at, ref, refundedMinor: amountMinor }),
  z.object({
    kind: z.literal('shipment.created'),
    at,
    key,
    orderId,
    ref,
    trackingNumber: z.string(),
    fingerprint: z.string(),
  }),
  z.object({ kind: z.literal('shipment.scanned'), at, key, status: z.enum(SHIPMENT_STATUSES), eventId: z.string() }),
  z.object({ kind: z.literal('shipment.cancelled'), at, key }),
  z.object({ kind: z.literal('storage.stored'), at, key, orderId, ref, fingerprint: z.string() }),
  z.object({ kind: z.literal('storage.cancelled'), at, key }),
  z.object({ kind: z.literal('order.undo_fault'), at, orderId, times: z.number().int() }),
  z.object({ kind: z.literal('order.undo_refused'), at, orderId }),
]);
export type Entry = z.infer<typeof entrySchema>;

type WithoutTime<E> = E extends Entry ? Omit<E, 'at'> : never;
/** A change about to be recorded; the time is put in when it is recorded. */
export type Change = WithoutTime<Entry>;
/** Writes a change to the journal and applies it to the state; the answer waits until it is on disk. */
export type RecordChange = (change: Change) => void;
