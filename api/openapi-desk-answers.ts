/** What the operators' routes answer, as schemas for the documentation; each is held to its type in contracts/. */
import { z } from 'zod';
import type { BlockedKeyView } from '../contracts/blocked-keys';
import {
  type DeadLetterGroup,
  type DeadLetterSummary,
  type DeadLetterView,
  LETTER_STATES,
  REPLAY_STATES,
  type ReplayControlled,
  type ReplayProgressView,
} from '../contracts/dead-letter-operations';
import type { OperatorItemList, OperatorItemView } from '../contracts/operator-items';
import type { OutboxView, SagaDecided, SagaDetails, SagaSummary } from '../contracts/saga-operations';
import { ORDER_STEPS } from '../contracts/workflow/attempt-steps';
import { REPLAY_ACTIONS } from '../contracts/workflow-api';
import { OPERATOR_ITEM_KINDS, OPERATOR_ITEM_STATES } from '../domain/operator-item';
import { ORDER_STATUSES } from '../domain/order-status';
import { SAGA_STATES, STEP_STATES } from '../domain/saga-state';
import { timelineEntry } from './openapi-answers';

const time = z.iso.datetime();
const text = z.string();
const orNull = text.nullable();
const amount = z.int().describe('Minor units of the currency');
const status = z.enum(ORDER_STATUSES);
const sagaState = z.enum(SAGA_STATES);

const decision = z.object({
  decisionId: text,
  action: z.enum(['REPLAY', 'DISCARD']),
  actor: text,
  reason: text,
  at: time,
  isEdited: z.boolean(),
  isOverride: z.boolean(),
  bulkId: text.optional(),
  outcome: z.enum(['processed', 'duplicate', 'dead']).optional().describe('What the replayed record came to'),
  workflowId: text.optional(),
  diedAgainAs: text.optional(),
});

const summary = {
  id: text.describe('topic/partition/offset of the dead-letter topic'),
  state: z.enum(LETTER_STATES),
  deadAt: time,
  topic: text.describe('Of the record'),
  code: orNull,
  message: orNull,
  key: orNull.describe('As text; null: none, or bytes that are no text'),
  replayCount: z.int(),
  orderId: z.int().optional(),
  requestId: text.optional(),
  decision: decision.optional(),
  waitingBehind: z
    .int()
    .describe('Later records of its key that wait until it is decided, or until its replay is worked on'),
};
const deadLetterSummary: z.ZodType<DeadLetterSummary> = z.object(summary);

const deadLetter: z.ZodType<DeadLetterView> = z.object({
  ...summary,
  origin: z.object({ partition: z.int(), offset: text, at: time.nullable() }),
  consumerGroup: orNull,
  keyBase64: orNull,
  value: orNull.describe('As text; null: none, or bytes that are no text'),
  valueBase64: orNull,
  valueBytes: z.int(),
  headers: z.record(text, z.array(text)).describe('Each value as text, or Base64 where it is none'),
  waiting: z
    .array(z.object({ id: text, since: time, eventId: orNull, valueBytes: z.int() }))
    .describe('The first of those that wait behind it, in the order in which they will follow'),
  replayOf: text.optional(),
});

const deadLetterGroup: z.ZodType<DeadLetterGroup> = z.object({
  topic: text,
  code: orNull,
  state: z.enum(LETTER_STATES),
  count: z.int(),
  oldestAt: time,
  newestAt: time,
});

const dryRun = z.boolean().describe('Nothing was done');
const sends = z.object({ topic: text, key: orNull, value: orNull, valueBase64: text, replayCount: z.int() });

const replayState = z
  .enum(REPLAY_STATES)
  .describe('FAILED, TERMINATED, TIMED_OUT: its workflow was ended from outside, and the rest of the letters wait');

const control = z.object({
  action: z.enum(REPLAY_ACTIONS),
  decisionId: text.optional(),
  actor: text.optional(),
  reason: text.optional(),
  at: text,
});

const replayProgress: z.ZodType<ReplayProgressView> = z.object({
  decisionId: text,
  replayed: z.int(),
  refused: z.record(text, z.int()).describe('Dead letters that could not be sent back, by code'),
  state: replayState,
  steered: z.array(control).describe('The last ones; a signal sent by hand may say less of itself'),
  failing: text.optional().describe('Why its last batch could not be sent back; it is tried again'),
});

const replaySteered: z.ZodType<ReplayControlled> = z.object({
  decisionId: text.describe("The replay's"),
  action: z.enum(REPLAY_ACTIONS),
  control,
  dryRun,
  state: replayState.optional().describe('When it was asked; absent: nobody could tell, and the signal waits for it'),
  replayed: z.int().optional(),
});

const stuck = { step: z.enum(ORDER_STEPS), attempt: z.int(), code: orNull };

const sagaSummary: z.ZodType<SagaSummary> = z.object({
  orderId: z.int(),
  status,
  sagaState,
  reason: orNull,
  totalAmount: amount,
  currency: text,
  lastUpdated: time,
  stuck: z.array(z.object(stuck)).describe('Undos that failed'),
});

const workflow = z.object({
  workflowId: text,
  runId: text,
  status: text,
  startedAt: time,
  closedAt: time.optional(),
  url: text.optional().describe('In the Web UI'),
});

const step = z.object({
  step: z.enum(ORDER_STEPS),
  attempt: z.int(),
  state: z.enum(STEP_STATES),
  key: text.describe('The same key twice is one effect'),
  providerRef: orNull,
  code: orNull,
  updatedAt: time,
});

const request = z.object({
  eventId: text,
  retryCount: z.int(),
  source: text,
  state: text,
  attempt: z.int().nullable(),
  reason: orNull,
  createdAt: time,
  updatedAt: time,
});

const details: z.ZodType<SagaDetails> = z.object({
  order: z.object({
    orderId: z.int(),
    userId: text,
    status,
    sagaState,
    reason: orNull,
    totalAmount: amount,
    discountAmount: amount,
    couponCode: orNull,
    currency: text,
    holdExpiresAt: time.nullable(),
    createdAt: time,
    lastUpdated: time,
  }),
  steps: z.array(step),
  requests: z.array(request),
  money: z.array(z.object({ kind: text, amount, key: text, providerRef: orNull, reason: orNull, at: time })),
  stock: z.array(z.object({ sku: text, kind: text, units: z.int(), key: text, reason: orNull, at: time })),
  resolutions: z.array(
    z.object({
      decisionId: text,
      step: text,
      decision: text,
      reason: text,
      actor: text,
      reference: orNull,
      at: time,
    }),
  ),
  timeline: z.array(timelineEntry).describe('The last 50'),
  deadLetters: z
    .array(z.object({ id: text, code: orNull, at: time, action: z.enum(['REPLAY', 'DISCARD']).nullable() }))
    .describe('The last 20'),
  waitingRecords: z.int().describe('Records of the order that wait behind a dead letter of its key'),
  releases: z
    .array(z.object({ decisionId: text, actor: text, reason: text, at: time }))
    .describe('Who let that line go on'),
  retryAt: time.optional().describe('When its payment is tried again; absent: no retry is due'),
  workflow: workflow.optional(),
  refund: workflow.optional(),
  waits: z
    .object({
      workflowId: text,
      waitingFor: text,
      amountAtRisk: amount,
      nextRetryAt: time.optional(),
      stuck: z.array(
        z.object({
          step: text,
          attempt: z.int().optional(),
          code: text,
          isUndo: z.boolean(),
          nextRetryAt: time.optional(),
        }),
      ),
    })
    .optional()
    .describe('Absent: the saga has ended, or nobody could be asked'),
});

const sagaDecided: z.ZodType<SagaDecided> = z.object({
  orderId: z.int(),
  decisionId: text,
  dryRun,
  workflowId: text,
  status,
  sagaState,
});

const outbox: z.ZodType<OutboxView> = z.object({
  waiting: z.int().describe('Due and not published'),
  delayed: z.int().describe('Not due yet'),
  oldestMs: z.number().describe('How long the oldest due row has waited'),
  rows: z.array(z.object({ id: z.int(), topic: text, key: text, lane: z.int(), createdAt: time, availableAt: time })),
});

/** `data` of each success. */
const blockedKey: z.ZodType<BlockedKeyView> = z.object({
  topic: text,
  key: orNull.describe('As text; null: bytes that are no text'),
  keyBase64: text,
  waiting: z.int().describe('How many records wait'),
  movedAt: time.describe('When it last moved'),
  waitsFor: z.enum(['DECISION', 'RECORD_UNDER_WAY', 'NOTHING']),
  deadLetter: text.optional().describe('The dead letter to decide'),
});

const item: z.ZodType<OperatorItemView> = z.object({
  id: z.int(),
  kind: z.enum(OPERATOR_ITEM_KINDS),
  subject: text.describe('What it is about'),
  cause: text.describe('Stable code of why'),
  orderId: z.int().nullable(),
  workflowId: orNull,
  step: orNull,
  amountAtRisk: amount,
  since: time,
  lastSeenAt: time,
  times: z.int().describe('How often it was seen while open'),
  state: z.enum(OPERATOR_ITEM_STATES),
  closedAt: time.nullable(),
  decision: z
    .object({ decision: text, decisionId: orNull, actor: text, reason: text })
    .nullable()
    .describe('Null: nobody has decided'),
  whatToDo: text.describe('The command that looks at it, or decides about it'),
});

const items: z.ZodType<OperatorItemList> = z.object({
  groups: z
    .array(
      z.object({
        kind: z.enum(OPERATOR_ITEM_KINDS),
        cause: text,
        count: z.int(),
        oldestSince: time,
        amountAtRisk: amount,
      }),
    )
    .describe('Of all that is meant, the most first'),
  items: z.array(item).describe('The oldest first'),
});

export const DESK_ANSWERS = {
  items,
  item,
  itemResolved: z.object({ id: z.int(), decisionId: text, dryRun }),
  deadLetters: z.array(deadLetterSummary),
  deadLetterGroups: z.array(deadLetterGroup),
  deadLetter,
  deadLetterReplayed: z.object({ ...summary, dryRun, sends: sends.optional() }),
  deadLetterDiscarded: z.object({ ...summary, dryRun }),
  replayStarted: z.object({
    decisionId: text,
    workflowId: text,
    matches: z.int().describe('Dead letters that wait and are meant; each is checked when its turn comes'),
    ratePerSecond: z.int(),
    dryRun,
  }),
  replayProgress,
  replaySteered,
  blockedKeys: z.array(blockedKey),
  blockedKeyReleased: z.object({ topic: text, keyBase64: text, decisionId: text, dryRun, waiting: z.int() }),
  sagas: z.array(sagaSummary),
  details,
  sagaDecided,
  outbox,
} as const;
