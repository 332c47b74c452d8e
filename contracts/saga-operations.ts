/** What operators ask of sagas and the outbox over HTTP, and what they are shown. */
import { z } from 'zod';
import type { OrderStatus } from '../domain/order-status';
import { DECISIONS, SAGA_STATES, type SagaState, type StepState } from '../domain/saga-state';
import { decisionFields, statementSchema } from './decision';
import type { TimelineView } from './http';
import type { OrderStep } from './workflow/attempt-steps';

export const compensateSchema = z.strictObject(decisionFields);
export type CompensateSaga = z.infer<typeof compensateSchema>;

export const resolveSchema = z
  .strictObject({
    ...decisionFields,
    /** As `saga show` names what waits for a decision: a step whose undo failed, or what could not be done. */
    step: z.string().regex(/^[A-Za-z]{1,50}$/, 'must be the name of a step, as the saga shows it'),
    decision: z.enum(DECISIONS),
    /** Where it was done: for DONE_EXTERNALLY. */
    reference: statementSchema.optional(),
  })
  .refine((body) => body.decision !== 'DONE_EXTERNALLY' || body.reference !== undefined, {
    message: 'DONE_EXTERNALLY needs a reference',
    path: ['reference'],
  });
export type ResolveSaga = z.infer<typeof resolveSchema>;

/** Which sagas are meant; all that are named must hold. */
export const sagaFilterSchema = z.strictObject({
  sagaState: z.enum(SAGA_STATES).optional(),
  /** `true`: those that wait for a decision; `false`: all others. */
  needsOperator: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** Those of orders before this one. */
  before: z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER).optional(),
});

export const outboxQuerySchema = z.object({ limit: z.coerce.number().int().min(1).max(200).default(20) });

/** An undo that failed. */
export interface StuckStep {
  readonly step: OrderStep;
  readonly attempt: number;
  readonly code: string | null;
}

/** An undo that failed, or what could not be done: then only RETRY can be decided. */
export interface ParkedStep {
  readonly step: string;
  readonly attempt?: number;
  readonly code: string;
  readonly isUndo: boolean;
  readonly nextRetryAt?: string;
}

/** A saga in a list. */
export interface SagaSummary {
  readonly orderId: number;
  readonly status: OrderStatus;
  readonly sagaState: SagaState;
  readonly reason: string | null;
  readonly totalAmount: number;
  readonly currency: string;
  readonly lastUpdated: string;
  readonly stuck: readonly StuckStep[];
}

export interface SagaStep {
  readonly step: OrderStep;
  readonly attempt: number;
  readonly state: StepState;
  /** The business key: the same key twice is one effect, at the provider too. */
  readonly key: string;
  readonly providerRef: string | null;
  readonly code: string | null;
  readonly updatedAt: string;
}

/** A request to pay and ship, without its token and address. */
export interface SagaRequest {
  readonly eventId: string;
  readonly retryCount: number;
  readonly source: string;
  readonly state: string;
  /** Absent: never begun. */
  readonly attempt: number | null;
  readonly reason: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface SagaMoney {
  readonly kind: string;
  readonly amount: number;
  readonly key: string;
  readonly providerRef: string | null;
  readonly reason: string | null;
  readonly at: string;
}

export interface SagaStock {
  readonly sku: string;
  readonly kind: string;
  readonly units: number;
  readonly key: string;
  readonly reason: string | null;
  readonly at: string;
}

/** What somebody decided: about a step's undo, or COMPENSATE about the order. */
export interface SagaResolution {
  readonly decisionId: string;
  readonly step: string;
  readonly decision: string;
  readonly reason: string;
  readonly actor: string;
  readonly reference: string | null;
  readonly at: string;
}

/** A workflow as Temporal knows it. */
export interface SagaWorkflow {
  readonly workflowId: string;
  readonly runId: string;
  /** RUNNING, COMPLETED, and so on. */
  readonly status: string;
  readonly startedAt: string;
  readonly closedAt?: string;
  /** In the Web UI; absent where none is configured. */
  readonly url?: string;
}

/** What only the workflow knows. */
export interface SagaWait {
  readonly workflowId: string;
  readonly waitingFor: string;
  readonly amountAtRisk: number;
  /** When an undo that failed is tried again by itself. */
  readonly nextRetryAt?: string;
  /** What waits for a decision. */
  readonly stuck: readonly ParkedStep[];
}

/** A dead letter of the order's. */
export interface SagaDeadLetter {
  /** `topic/partition/offset` of the dead-letter topic. */
  readonly id: string;
  readonly code: string | null;
  readonly at: string;
  /** What was decided about it; null: nothing yet. */
  readonly action: 'REPLAY' | 'DISCARD' | null;
}

/** Somebody let the line behind a dead letter of the order's key go on. */
export interface SagaRelease {
  readonly decisionId: string;
  readonly actor: string;
  readonly reason: string;
  readonly at: string;
}

/** An order's whole story. */
export interface SagaDetails {
  readonly order: {
    readonly orderId: number;
    readonly userId: string;
    readonly status: OrderStatus;
    readonly sagaState: SagaState;
    readonly reason: string | null;
    readonly totalAmount: number;
    readonly discountAmount: number;
    readonly couponCode: string | null;
    readonly currency: string;
    readonly holdExpiresAt: string | null;
    readonly createdAt: string;
    readonly lastUpdated: string;
  };
  readonly steps: readonly SagaStep[];
  readonly requests: readonly SagaRequest[];
  readonly money: readonly SagaMoney[];
  readonly stock: readonly SagaStock[];
  readonly resolutions: readonly SagaResolution[];
  /** The last 50. */
  readonly timeline: readonly TimelineView[];
  /** The last 20. */
  readonly deadLetters: readonly SagaDeadLetter[];
  /** Records of the order that wait behind a dead letter of its key. */
  readonly waitingRecords: number;
  /** Of that line. */
  readonly releases: readonly SagaRelease[];
  /** When its payment is tried again; absent: no retry is due. */
  readonly retryAt?: string;
  /** The order's workflow and its refund's; absent: Temporal does not answer, or there is none. */
  readonly workflow?: SagaWorkflow;
  readonly refund?: SagaWorkflow;
  /** Absent: the saga has ended, or nobody could be asked. */
  readonly waits?: SagaWait;
}

/** Answer to a decision about a saga. */
export interface SagaDecided {
  readonly orderId: number;
  readonly decisionId: string;
  readonly dryRun: boolean;
  readonly workflowId: string;
  readonly status: OrderStatus;
  readonly sagaState: SagaState;
}

export interface OutboxView {
  /** Due and not published. */
  readonly waiting: number;
  /** Not due yet: retries with their delay. */
  readonly delayed: number;
  /** How long the oldest due row has waited. */
  readonly oldestMs: number;
  /** The oldest that are not published. */
  readonly rows: readonly OutboxRowView[];
}

/** A row without its value, which may hold a token or an address. */
export interface OutboxRowView {
  readonly id: number;
  readonly topic: string;
  readonly key: string;
  readonly lane: number;
  readonly createdAt: string;
  readonly availableAt: string;
}
