/** The messages of the orders' workflows: names, payloads, and how a payload of anybody is read. Zod-free, as workflows read it. */
import { holdsCardNumber, isStorable } from '../../domain/external-text';
import { DECISIONS, type Decision } from '../../domain/saga-state';

export const SIGNALS = {
  paymentRequested: 'paymentRequested',
  shipmentUpdated: 'shipmentUpdated',
  compensate: 'compensate',
  resolveCompensation: 'resolveCompensation',
  refundStarted: 'refundStarted',
  pause: 'pause',
  resume: 'resume',
  cancel: 'cancel',
} as const;

/** A request to pay and ship, named only: its token and address stay in Postgres. */
export interface PaymentRequested {
  readonly eventId: string;
  readonly retryCount: number;
}

export const SHIPMENT_STATUSES = ['SHIPMENT_STARTED', 'IN_TRANSIT', 'DELIVERED'] as const;
export type ShipmentStatus = (typeof SHIPMENT_STATUSES)[number];

export interface ShipmentUpdated {
  readonly eventId: string;
  readonly status: ShipmentStatus;
  readonly trackingNumber?: string;
}

/** `code` is set by the system's own callers; an operator's signal needs only reason and actor. */
export interface Compensate {
  readonly reason: string;
  readonly actor: string;
  readonly code?: 'CANCELLED_BY_OPERATOR' | 'STOCK_FAILED_ELSEWHERE';
}

export interface CancelRequest {
  readonly reason: string;
  readonly actor: string;
}

/** How a cancel ended; `refusedBy` is the code of its refusal. */
export type CancelResult = { readonly accepted: true } | { readonly accepted: false; readonly refusedBy: string };

export interface ResolveCompensation {
  /** Makes the decision idempotent: the same id twice is one decision. */
  readonly decisionId: string;
  readonly step: string;
  readonly decision: Decision;
  readonly reason: string;
  readonly actor: string;
  readonly reference?: string;
}

/** What each signal of an order's workflow carries. */
export interface OrderSignals {
  readonly paymentRequested: PaymentRequested;
  readonly shipmentUpdated: ShipmentUpdated;
  readonly compensate: Compensate;
  readonly resolveCompensation: ResolveCompensation;
}

/** The refusal of a message that is not of its shape. */
export const SHAPES = {
  paymentRequested: 'expected {"eventId": "...", "retryCount": 0}',
  shipmentUpdated: `expected {"eventId": "...", "status": "${SHIPMENT_STATUSES.join('" | "')}"}`,
  reasoned: 'expected {"reason": "...", "actor": "..."}',
  resolution:
    'expected {"decisionId", "step", "decision": "RETRY" | "SKIP" | "DONE_EXTERNALLY", "reason", "actor", "reference" for DONE_EXTERNALLY}',
} as const;

/** The refusal of a message with a card number: without its digits. */
export const NO_CARD = 'must not hold a card number';
const WRITTEN_BY_PEOPLE = ['reason', 'actor', 'reference', 'step', 'decisionId'] as const;

const MAX_TEXT = 1_000;
const MAX_COUNT = 2 ** 31 - 1;

/** Reads a message of anybody: exactly its known fields, or undefined where it is not of its shape. */
export function asPaymentRequested(value: unknown): PaymentRequested | undefined {
  const { eventId, retryCount } = fieldsOf(value);
  const isCount = typeof retryCount === 'number' && Number.isInteger(retryCount);
  return isText(eventId) && isCount && retryCount >= 0 && retryCount <= MAX_COUNT ? { eventId, retryCount } : undefined;
}

export function asShipmentUpdated(value: unknown): ShipmentUpdated | undefined {
  const { eventId, status } = fieldsOf(value);
  const known = SHIPMENT_STATUSES.find((candidate) => candidate === status);
  return isText(eventId) && known ? { eventId, status: known } : undefined;
}

export function asCancelRequest(value: unknown): CancelRequest | undefined {
  const { reason, actor } = fieldsOf(value);
  return isText(reason) && isText(actor) ? { reason, actor } : undefined;
}

export function asCompensate(value: unknown): Compensate | undefined {
  const command = asCancelRequest(value);
  const isElsewhere = fieldsOf(value).code === 'STOCK_FAILED_ELSEWHERE';
  return command && { ...command, code: isElsewhere ? 'STOCK_FAILED_ELSEWHERE' : 'CANCELLED_BY_OPERATOR' };
}

/** RETRY, SKIP with a reason, or DONE_EXTERNALLY with a reference. */
export function asResolution(value: unknown): ResolveCompensation | undefined {
  const { decisionId, step, decision, reason, actor, reference } = fieldsOf(value);
  const known = DECISIONS.find((candidate) => candidate === decision);
  if (!known || !isText(decisionId) || !isText(step) || !isText(reason) || !isText(actor)) return undefined;
  const whole = { decisionId, step, decision: known, reason, actor };
  if (isText(reference)) return { ...whole, reference };
  return known === 'DONE_EXTERNALLY' || (reference ?? '') !== '' ? undefined : whole;
}

/** Whether a message's texts hold a card number; ids of events may have any digits. */
export function holdsCard(message: unknown): boolean {
  const fields = fieldsOf(message);
  return WRITTEN_BY_PEOPLE.map((name) => fields[name]).some((text) => isText(text) && holdsCardNumber(text));
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_TEXT && isStorable(value);
}
