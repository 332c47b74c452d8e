/** What operators read of sagas and the outbox. */
import { z } from 'zod';
import { ORDER_STATUSES } from '../../domain/order-status';
import { SAGA_STATES, STEP_STATES } from '../../domain/saga-state';
import { ORDER_STEPS } from '../workflow/attempt-steps';
import { amount, count, dryRun, type ResponseOf, text, textOrNull, time, timelineEntrySchema } from './common';

const status = z.enum(ORDER_STATUSES);
const sagaState = z.enum(SAGA_STATES);

export const sagaSummarySchema = z
  .object({
    orderId: z.int(),
    status,
    sagaState,
    reason: textOrNull,
    totalAmount: amount,
    currency: text,
    lastUpdated: time,
    stuck: z
      .array(z.object({ step: z.enum(ORDER_STEPS), attempt: z.int(), code: textOrNull }))
      .describe('Undos that failed'),
  })
  .meta({
    id: 'SagaSummary',
    examples: [
      {
        orderId: 17,
        status: 'PREPARING',
        sagaState: 'WAITING',
        reason: null,
        totalAmount: 24_000,
        currency: 'KRW',
        lastUpdated: '2026-11-28T09:00:00.000Z',
        stuck: [],
      },
    ],
  });
export type SagaSummary = ResponseOf<typeof sagaSummarySchema>;

const workflowSchema = z
  .object({
    workflowId: text,
    runId: text,
    status: text.describe('RUNNING, COMPLETED, and so on'),
    startedAt: time,
    closedAt: time.optional(),
    url: text.optional().describe('In the Temporal Web UI; absent where none is configured'),
  })
  .meta({ id: 'SagaWorkflow' });
export type SagaWorkflow = ResponseOf<typeof workflowSchema>;

const parkedSchema = z.object({
  step: text,
  attempt: z.int().optional(),
  code: text,
  isUndo: z.boolean().describe('False: something that cannot be done; then only RETRY can be decided'),
  nextRetryAt: time.optional(),
});

const waitSchema = z
  .object({
    workflowId: text,
    waitingFor: text,
    amountAtRisk: amount,
    nextRetryAt: time.optional().describe('When an undo that failed is tried again by itself'),
    stuck: z.array(parkedSchema).describe('What waits for a decision'),
  })
  .meta({ id: 'SagaWait' });
export type SagaWait = ResponseOf<typeof waitSchema>;

export const sagaDetailsSchema = z
  .object({
    order: z.object({
      orderId: z.int(),
      userId: text,
      status,
      sagaState,
      reason: textOrNull,
      totalAmount: amount,
      discountAmount: amount,
      couponCode: textOrNull,
      currency: text,
      holdExpiresAt: time.nullable(),
      createdAt: time,
      lastUpdated: time,
    }),
    steps: z.array(
      z.object({
        step: z.enum(ORDER_STEPS),
        attempt: z.int(),
        state: z.enum(STEP_STATES),
        key: text.describe('The business key: the same key twice is one effect, at the provider too'),
        providerRef: textOrNull,
        code: textOrNull,
        refusedCode: textOrNull.describe('By which the provider refused its do; kept when the step is undone'),
        updatedAt: time,
      }),
    ),
    requests: z
      .array(
        z.object({
          eventId: text,
          retryCount: z.int(),
          source: text,
          state: text,
          attempt: z.int().nullable().describe('Null: never begun'),
          reason: textOrNull,
          createdAt: time,
          updatedAt: time,
        }),
      )
      .describe('Requests to pay and ship, without token and address'),
    money: z.array(z.object({ kind: text, amount, key: text, providerRef: textOrNull, reason: textOrNull, at: time })),
    stock: z.array(z.object({ sku: text, kind: text, units: z.int(), key: text, reason: textOrNull, at: time })),
    resolutions: z
      .array(
        z.object({
          decisionId: text,
          step: text,
          decision: text,
          reason: text,
          actor: text,
          reference: textOrNull,
          at: time,
        }),
      )
      .describe("Decisions: about a step's undo, or COMPENSATE about the order"),
    timeline: z.array(timelineEntrySchema).describe('The last 50'),
    deadLetters: z
      .array(
        z.object({
          id: text.describe('topic/partition/offset of the dead-letter topic'),
          code: textOrNull,
          at: time,
          action: z.enum(['REPLAY', 'DISCARD']).nullable().describe('Null: undecided'),
        }),
      )
      .describe('The last 20'),
    waitingRecords: count.describe('Records of the order that wait behind a dead letter of its key'),
    releases: z
      .array(z.object({ decisionId: text, actor: text, reason: text, at: time }))
      .describe("Releases of the order's key"),
    retryAt: time.optional().describe('When its payment is tried again; absent: no retry is due'),
    workflow: workflowSchema.optional(),
    refund: workflowSchema.optional(),
    waits: waitSchema.optional().describe('Absent: the saga has ended, or its workflow did not respond'),
  })
  .meta({
    id: 'SagaDetails',
    examples: [
      {
        order: {
          orderId: 17,
          userId: 'kim',
          status: 'PREPARING',
          sagaState: 'WAITING',
          reason: null,
          totalAmount: 24_000,
          discountAmount: 0,
          couponCode: null,
          currency: 'KRW',
          holdExpiresAt: null,
          createdAt: '2026-11-28T09:00:00.000Z',
          lastUpdated: '2026-11-28T09:00:00.000Z',
        },
        steps: [
          {
            step: 'payment',
            attempt: 1,
            state: 'DONE',
            key: '17:payment:1',
            providerRef: 'pay_1',
            code: null,
            refusedCode: null,
            updatedAt: '2026-11-28T09:00:00.000Z',
          },
        ],
        requests: [],
        money: [
          {
            kind: 'CHARGE',
            amount: 24_000,
            key: '17:payment:1',
            providerRef: 'pay_1',
            reason: null,
            at: '2026-11-28T09:00:00.000Z',
          },
        ],
        stock: [],
        resolutions: [],
        timeline: [],
        deadLetters: [],
        waitingRecords: 0,
        releases: [],
      },
    ],
  });
export type SagaDetails = ResponseOf<typeof sagaDetailsSchema>;

export const sagaDecidedSchema = z
  .object({
    orderId: z.int(),
    decisionId: text,
    dryRun,
    workflowId: text,
    status,
    sagaState,
  })
  .meta({
    id: 'SagaDecided',
    examples: [
      {
        orderId: 17,
        decisionId: 'ticket-4711',
        dryRun: false,
        workflowId: 'order-17',
        status: 'PREPARING',
        sagaState: 'COMPENSATING',
      },
    ],
  });
export type SagaDecided = ResponseOf<typeof sagaDecidedSchema>;

export const outboxSchema = z
  .object({
    waiting: count.describe('Due and not published'),
    delayed: count.describe('Not due yet: retries with their delay'),
    oldestMs: z.number().describe('How long the oldest due row has waited'),
    rows: z
      .array(z.object({ id: z.int(), topic: text, key: text, lane: z.int(), createdAt: time, availableAt: time }))
      .describe('The oldest that are not published, without their values'),
  })
  .meta({
    id: 'Outbox',
    examples: [
      {
        waiting: 1,
        delayed: 0,
        oldestMs: 12,
        rows: [
          {
            id: 301,
            topic: 'order-processing-topic',
            key: '17',
            lane: 3,
            createdAt: '2026-11-28T09:00:00.000Z',
            availableAt: '2026-11-28T09:00:00.000Z',
          },
        ],
      },
    ],
  });
export type OutboxView = ResponseOf<typeof outboxSchema>;
