/** What operators read of dead letters, of their replays and of the keys that they block. */
import { z } from 'zod';
import { DEAD_LETTER_STATES, REPLAY_STATES } from '../dead-letter-operations';
import { REPLAY_ACTIONS } from '../workflow-api';
import { count, dryRun, type ResponseOf, text, textOrNull, time } from './common';

const position = text.describe('topic/partition/offset of the dead-letter topic');

const decisionSchema = z
  .object({
    decisionId: text,
    action: z.enum(['REPLAY', 'DISCARD']),
    actor: text,
    reason: text,
    at: time,
    isEdited: z.boolean(),
    isOverride: z.boolean(),
    bulkId: text.optional(),
    outcome: z
      .enum(['processed', 'duplicate', 'dead'])
      .optional()
      .describe('What became of the replayed record; absent: the bridge has not worked on it yet'),
    workflowId: text.optional(),
    diedAgainAs: position.optional(),
  })
  .meta({ id: 'DeadLetterDecision' });
export type DeadLetterDecisionView = ResponseOf<typeof decisionSchema>;

const DEAD_LETTER = {
  id: 'coupon.issue.DLT/0/7',
  state: 'WAITING',
  deadAt: '2026-11-28T09:00:00.000Z',
  topic: 'coupon.issue',
  code: 'NOT_JSON',
  message: 'is not JSON',
  key: '7f0c1d5e-1',
  replayCount: 0,
  waitingBehind: 0,
};

export const deadLetterSummarySchema = z
  .object({
    id: position,
    state: z.enum(DEAD_LETTER_STATES),
    deadAt: time,
    topic: text.describe('Of the record'),
    code: textOrNull,
    message: textOrNull,
    key: textOrNull.describe('As text; null: none, or bytes that are not text'),
    replayCount: z.int(),
    orderId: z.int().optional(),
    requestId: text.optional(),
    decision: decisionSchema.optional(),
    waitingBehind: count.describe('Later records of its key that wait for its decision, or for its replay'),
  })
  .meta({ id: 'DeadLetterSummary', examples: [DEAD_LETTER] });
export type DeadLetterSummary = ResponseOf<typeof deadLetterSummarySchema>;

export const deadLetterSchema = deadLetterSummarySchema
  .extend({
    origin: z.object({ partition: z.int(), offset: text, at: time.nullable() }),
    consumerGroup: textOrNull,
    keyBase64: textOrNull,
    value: textOrNull.describe('As text; null: none, or bytes that are not text'),
    valueBase64: textOrNull,
    valueBytes: count,
    headers: z
      .record(text, z.array(textOrNull))
      .describe('Each value as text, or Base64 where it is not text; null: a header without a value'),
    waiting: z
      .array(z.object({ id: text, since: time, eventId: textOrNull, valueBytes: count }))
      .describe('The first records that wait behind it, in their order'),
    replayOf: position.optional().describe('The dead letter whose replay died as this one'),
  })
  .meta({
    id: 'DeadLetter',
    examples: [
      {
        ...DEAD_LETTER,
        origin: { partition: 1, offset: '3', at: '2026-11-28T09:00:00.000Z' },
        consumerGroup: 'coupon-issue-group',
        keyBase64: 'N2YwYzFkNWUtMQ==',
        value: '{',
        valueBase64: 'ew==',
        valueBytes: 1,
        headers: {},
        waiting: [],
      },
    ],
  });
export type DeadLetterView = ResponseOf<typeof deadLetterSchema>;

export const deadLetterGroupSchema = z
  .object({
    topic: text,
    code: textOrNull,
    state: z.enum(DEAD_LETTER_STATES),
    count,
    oldestAt: time,
    newestAt: time,
  })
  .meta({
    id: 'DeadLetterGroup',
    examples: [
      {
        topic: 'coupon.issue',
        code: 'NOT_JSON',
        state: 'WAITING',
        count: 2,
        oldestAt: '2026-11-28T09:00:00.000Z',
        newestAt: '2026-11-28T09:00:00.000Z',
      },
    ],
  });
export type DeadLetterGroup = ResponseOf<typeof deadLetterGroupSchema>;

export const deadLetterDecidedSchema = deadLetterSummarySchema
  .extend({
    dryRun,
    sends: z
      .object({ topic: text, key: textOrNull, value: textOrNull, valueBase64: text, replayCount: z.int() })
      .optional()
      .describe('The record of a replay'),
  })
  .meta({
    id: 'DeadLetterDecided',
    examples: [
      {
        ...DEAD_LETTER,
        dryRun: true,
        sends: { topic: 'coupon.issue', key: '7f0c1d5e-1', value: '{}', valueBase64: 'e30=', replayCount: 1 },
      },
    ],
  });

const replayState = z
  .enum(REPLAY_STATES)
  .describe('FAILED, TERMINATED, TIMED_OUT: its workflow was ended from outside, and the other dead letters wait');
const replayed = count.describe('Dead letters that it has sent back');

const controlSchema = z
  .object({
    action: z.enum(REPLAY_ACTIONS),
    decisionId: text.optional(),
    actor: text.optional(),
    reason: text.optional(),
    at: text,
  })
  .meta({ id: 'ReplayControl' });

export const replayStartedSchema = z
  .object({
    decisionId: text,
    workflowId: text,
    matches: count.describe('Dead letters that wait and match; each is checked again when it is sent'),
    ratePerSecond: z.int(),
    dryRun,
  })
  .meta({
    id: 'ReplayStarted',
    examples: [
      {
        decisionId: 'ticket-4711',
        workflowId: 'dead-letter-replay-ticket-4711',
        matches: 12,
        ratePerSecond: 10,
        dryRun: false,
      },
    ],
  });

export const replayProgressSchema = z
  .object({
    decisionId: text.describe("The replay's"),
    state: replayState,
    replayed,
    refused: z.record(text, z.int()).describe('Dead letters that could not be sent back, by code'),
    steered: z.array(controlSchema).describe('The last ones; a signal sent by hand may say less of itself'),
    failing: text.optional().describe('Why its last batch could not be sent back; it is tried again'),
  })
  .meta({
    id: 'ReplayProgress',
    examples: [{ decisionId: 'ticket-4711', state: 'RUNNING', replayed: 5, refused: {}, steered: [] }],
  });
export type ReplayProgressView = ResponseOf<typeof replayProgressSchema>;
export type ReplayStanding = Pick<ReplayProgressView, 'state' | 'replayed'>;

export const replayControlledSchema = z
  .object({
    decisionId: text.describe("The replay's"),
    action: z.enum(REPLAY_ACTIONS),
    control: controlSchema,
    dryRun,
    state: replayState
      .optional()
      .describe('Before this; absent: its workflow did not respond, and the signal waits for it'),
    replayed: replayed.optional(),
  })
  .meta({
    id: 'ReplayControlled',
    examples: [
      {
        decisionId: 'ticket-4711',
        action: 'pause',
        control: { action: 'pause', at: '2026-11-28T09:00:00.000Z' },
        dryRun: false,
        state: 'RUNNING',
        replayed: 5,
      },
    ],
  });
export type ReplayControlled = ResponseOf<typeof replayControlledSchema>;

export const blockedKeySchema = z
  .object({
    topic: text,
    key: textOrNull.describe('As text; null: bytes that are not text'),
    keyBase64: text,
    waiting: count.describe('How many records wait'),
    movedAt: time.describe('When one of them was last sent'),
    waitsFor: z
      .enum(['DECISION', 'RECORD_UNDER_WAY', 'NOTHING'])
      .describe('A dead letter to decide, its replay or follower on its way, or a dead letter that is not indexed'),
    deadLetter: position.optional().describe('The dead letter to decide'),
  })
  .meta({
    id: 'BlockedKey',
    examples: [
      {
        topic: 'shipment.status',
        key: '17',
        keyBase64: 'MTc=',
        waiting: 2,
        movedAt: '2026-11-28T09:00:00.000Z',
        waitsFor: 'DECISION',
        deadLetter: 'shipment.status.DLT/0/7',
      },
    ],
  });
export type BlockedKeyView = ResponseOf<typeof blockedKeySchema>;

export const blockedKeyReleasedSchema = z
  .object({
    topic: text,
    keyBase64: text,
    decisionId: text,
    dryRun,
    waiting: count.describe('How many records waited'),
  })
  .meta({
    id: 'BlockedKeyReleased',
    examples: [{ topic: 'shipment.status', keyBase64: 'MTc=', decisionId: 'ticket-4711', dryRun: false, waiting: 2 }],
  });
export type BlockedKeyReleased = ResponseOf<typeof blockedKeyReleasedSchema>;
