/**
 * The workflows' public names and shapes: what `temporal workflow signal` and every caller uses.
 * Free of zod, because workflows import it.
 */

import type { CouponRequestStatus } from '../domain/coupon';
import type { OrderStatus } from '../domain/order-status';
import type { Decision, OrderStep, SagaState, StepState } from '../domain/saga-state';

export const TASK_QUEUES = { orders: 'orders', coupons: 'coupons' } as const;
export type TaskQueue = (typeof TASK_QUEUES)[keyof typeof TASK_QUEUES];

export const WORKFLOWS = { orderSaga: 'orderSaga', refundSaga: 'refundSaga', couponSaga: 'couponSaga' } as const;

/** The one workflow of an order. */
export function orderWorkflowId(orderId: number): string {
  return `order-${orderId}`;
}

/** The one refund of an order. */
export function refundWorkflowId(orderId: number): string {
  return `refund-${orderId}`;
}

/** The one workflow of a request for a coupon. */
export function couponWorkflowId(requestId: string): string {
  return `coupon-${requestId}`;
}

export const SIGNALS = {
  paymentRequested: 'paymentRequested',
  shipmentUpdated: 'shipmentUpdated',
  compensate: 'compensate',
  resolveCompensation: 'resolveCompensation',
  refundStarted: 'refundStarted',
} as const;
export const UPDATES = { cancel: 'cancel', resolve: 'resolve' } as const;
export const QUERIES = { status: 'status', saga: 'saga' } as const;
export const SEARCH_ATTRIBUTES = {
  OrderStatus: 'Keyword',
  SagaState: 'Keyword',
  NeedsOperator: 'Bool',
  AmountAtRisk: 'Int',
} as const;

export interface OrderSagaInput {
  readonly orderId: number;
}

export interface RefundSagaInput {
  readonly orderId: number;
  readonly reason: string;
  readonly actor: string;
}

export interface CouponSagaInput {
  readonly requestId: string;
  /** How often its event had been sent back from the dead letters: a request that FAILED may begin again once for each. */
  readonly replayCount: number;
  /** Where its event stood, for the dead letter of a request that fails. */
  readonly record: RecordPosition;
}

/** Where a record stood in its topic. */
export interface RecordPosition {
  readonly topic: string;
  readonly partition: number;
  /** Decimal text. */
  readonly offset: string;
  /** Milliseconds since 1970, decimal text. */
  readonly timestamp: string;
}

/** Answer of the query `status` of a couponSaga. */
export interface CouponStatusView {
  readonly requestId: string;
  readonly status: CouponRequestStatus;
  readonly reason?: string;
}

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

/** How a cancel ended; `refusedBy` tells the code when it did not come to pass. */
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

export interface StepView {
  readonly step: OrderStep;
  readonly attempt: number;
  readonly state: StepState;
  /** Code of the last failure of its do or its undo. */
  readonly error?: string;
  /** ISO 8601; when an undo that failed is tried again by itself. */
  readonly nextRetryAt?: string;
}

/** Answer of the query `status`. */
export interface StatusView {
  readonly orderId: number;
  readonly status: OrderStatus;
  readonly sagaState: SagaState;
  readonly canCancel: boolean;
  /** ISO 8601, workflow time. */
  readonly lastUpdated: string;
  readonly reason?: string;
  readonly steps: readonly StepView[];
}

/** A step as operators see it. */
export interface DetailedStepView extends StepView {
  /** The provider's or the database's own words. */
  readonly message?: string;
}

/** Answer of the query `saga`. */
export interface SagaView extends StatusView {
  readonly steps: readonly DetailedStepView[];
  readonly attempt: number;
  readonly declines: number;
  readonly amountAtRiskMinor: number;
  readonly holdExpiresAt?: string;
  readonly waitingFor: string;
}
