/**
 * The workflows' public names and shapes: what `temporal workflow signal` and every caller uses.
 * Free of zod, because workflows import it.
 */

import type { CouponRequestStatus } from '../domain/coupon';
import type { OrderStatus } from '../domain/order-status';
import type { SagaState, StepState } from '../domain/saga-state';
import type { DeadLetterCursor, DeadLetterReplay, RecordPosition } from './record';
import type { OrderStep } from './workflow/attempt-steps';

export const TASK_QUEUES = { orders: 'orders', coupons: 'coupons', ops: 'ops' } as const;
export type TaskQueue = (typeof TASK_QUEUES)[keyof typeof TASK_QUEUES];

export const WORKFLOWS = {
  orderSaga: 'orderSaga',
  refundSaga: 'refundSaga',
  couponSaga: 'couponSaga',
  deadLetterReplay: 'deadLetterReplay',
  reconciliation: 'reconciliation',
  scheduledReconciliation: 'scheduledReconciliation',
} as const;

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

/** The one workflow of a replay of many dead letters. */
export function deadLetterReplayWorkflowId(bulkId: string): string {
  return `dead-letter-replay-${bulkId}`;
}

/** One for all runs: Temporal refuses a second one at a time. */
export const RECONCILIATION_WORKFLOW_ID = 'reconciliation';

export const UPDATES = { cancel: 'cancel', resolve: 'resolve' } as const;
export const QUERIES = { status: 'status', saga: 'saga', progress: 'progress' } as const;
export const SEARCH_ATTRIBUTES = {
  OrderStatus: 'Keyword',
  SagaState: 'Keyword',
  NeedsOperator: 'Bool',
  AmountAtRisk: 'Int',
} as const;

/** Where an order's workflow first waits, if its stock is there: its search attributes from its start. */
export const FIRST_WAIT = { status: 'PENDING_PAYMENT', sagaState: 'WAITING' } as const;

export interface OrderSagaInput {
  readonly orderId: number;
}

export interface RefundSagaInput {
  readonly orderId: number;
  /** Of the request that asked for it: the same again finds that it was taken. */
  readonly requestId?: string;
  readonly reason: string;
  readonly actor: string;
}

export interface CouponSagaInput {
  readonly requestId: string;
  /** How often its dead letter had been replayed: a request that FAILED may begin again once for each. */
  readonly replayCount: number;
  /** The position of its event, for the dead letter of a request that fails. */
  readonly record: RecordPosition;
  /** Of an event that was sent back. */
  readonly replay?: DeadLetterReplay | undefined;
}

export interface DeadLetterReplayInput {
  readonly bulkId: string;
  /** As the api has checked it; only dead letters from before the start are meant. */
  readonly filter: Readonly<Record<string, string>>;
  readonly ratePerSecond: number;
  readonly actor: string;
  readonly reason: string;
  /** Of a run that went on as a new one: how far it had come. */
  readonly soFar?: ReplayProgress;
}

/** What a run of the reconciliation is to do. */
export interface ReconciliationInput {
  readonly runId: string;
  readonly scope: 'FULL' | 'INCREMENTAL';
  /** ISO 8601; absent: what has changed since the run before. */
  readonly since?: string;
  /** Lists nothing, and changes nothing. */
  readonly isDryRun: boolean;
  /** Applies the fixes that are offered. */
  readonly isFixing: boolean;
  readonly actor: string;
  readonly reason?: string;
}

/** What a schedule starts: the run itself is its child, of which there is one at a time. */
export type ScheduledReconciliationInput = Pick<ReconciliationInput, 'scope'>;

/** Result of the query `progress`. */
export interface ReplayProgress {
  readonly replayed: number;
  /** Dead letters that could not be replayed, by the code of the refusal. */
  readonly refused: Readonly<Record<string, number>>;
  readonly state: 'RUNNING' | 'PAUSED' | 'DONE' | 'CANCELLED';
  /** The last ones, in their order. */
  readonly steered: readonly ReplayControl[];
  /** Where the next batch begins. */
  readonly after?: DeadLetterCursor;
}

export const REPLAY_ACTIONS = ['pause', 'resume', 'cancel'] as const;
export type ReplayAction = (typeof REPLAY_ACTIONS)[number];

/** What each of a replay's signals carries, but for its name. */
export type ReplaySignal = Omit<ReplayControl, 'action'>;

/** What each of a replay's signals carries, all of it optional for who signals by hand: who decided it, when and why. */
export interface ReplayControl {
  readonly action: ReplayAction;
  /** Makes the decision idempotent: the same action by the same id is one decision. */
  readonly decisionId?: string;
  readonly actor?: string;
  readonly reason?: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Answer of the query `status` of a couponSaga. */
export interface CouponStatusView {
  readonly requestId: string;
  readonly status: CouponRequestStatus;
  readonly reason?: string;
}

export interface StepView {
  readonly step: OrderStep;
  readonly attempt: number;
  readonly state: StepState;
  /** Code of the last failure of its do or its undo. */
  readonly error?: string;
  /** ISO 8601; when a failed undo is retried: the first time, and then at each gap. */
  readonly nextRetryAt?: string;
  readonly retryEveryMs?: number;
}

/** The step as of now: a workflow knows when it is next tried only for the first time. */
export function stepAt({ retryEveryMs, ...step }: StepView, now: Date): StepView {
  if (step.nextRetryAt === undefined || retryEveryMs === undefined) return step;
  const lateMs = Math.max(0, now.getTime() - Date.parse(step.nextRetryAt));
  const next = Date.parse(step.nextRetryAt) + Math.ceil(lateMs / retryEveryMs) * retryEveryMs;
  return { ...step, nextRetryAt: new Date(next).toISOString() };
}

/** Result of the query `status`. */
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

/** A point of a saga that waits for a person: an undo that failed, or something that cannot succeed (then only RETRY). */
export interface ParkedPoint {
  readonly step: string;
  readonly attempt?: number;
  /** Why: a stable code. */
  readonly code: string;
  readonly isUndo: boolean;
  readonly amountAtRiskMinor: number;
}

/** Result of the query `saga`. */
export interface SagaView extends StatusView {
  readonly attempt: number;
  readonly declines: number;
  /** Attempts that carrier, warehouse or our own rules refused. */
  readonly refusals: number;
  /** What waits for a person, and by which step it is resolved. */
  readonly parked: readonly ParkedPoint[];
  readonly amountAtRiskMinor: number;
  readonly holdExpiresAt?: string;
  readonly waitingFor: string;
}
