/** What the desk for dead letters takes and shows over HTTP. */
import { z } from 'zod';
import { isStorable } from '../domain/external-text';
import { decisionFields, decisionIdSchema } from './decision';
import { externalId } from './external-text';
import type { ReplayAction, ReplayControl, ReplayProgress } from './workflow-api';

/** Undecided ones wait; one whose replays are used up is PARKED. */
export const LETTER_STATES = ['WAITING', 'PARKED', 'REPLAYED', 'DISCARDED'] as const;
export type DeadLetterState = (typeof LETTER_STATES)[number];

export const discardDeadLetterSchema = z.strictObject(decisionFields);

/** What a broker takes of a record unless it is told otherwise, its key and headers included. */
const MAX_RECORD_BYTES = 1_048_576;
const fits = (encoding: 'utf8' | 'base64') => (value: string) => Buffer.byteLength(value, encoding) <= MAX_RECORD_BYTES;
const tooLarge = `must have ${MAX_RECORD_BYTES} bytes at most`;

export const replayDeadLetterSchema = z
  .strictObject({
    ...decisionFields,
    /** Sent instead of the dead letter's value: text. */
    value: z
      .string()
      .refine(isStorable, 'must be text; send other bytes as valueBase64')
      .refine(fits('utf8'), tooLarge)
      .optional(),
    /** The same as bytes. */
    valueBase64: z.base64().refine(fits('base64'), tooLarge).optional(),
    /** Send it although its schema, its topic or its count of replays speaks against it; `reason` says why. */
    override: z.boolean().default(false),
  })
  .refine(({ value, valueBase64 }) => value === undefined || valueBase64 === undefined, {
    message: 'value and valueBase64 exclude each other',
    path: ['valueBase64'],
  });
export type ReplayDeadLetter = z.infer<typeof replayDeadLetterSchema>;

const moment = z.iso.datetime({ offset: true, error: 'must be an ISO 8601 time with its zone' }).max(64);

/** A dead letter's id, as the parts of a path. */
export const deadLetterPositionSchema = z.object({
  topic: z.string().regex(/^[\w.-]{1,249}$/, 'must be the name of a topic'),
  partition: z.coerce.number().int().min(0).max(1_000_000),
  offset: z.string().regex(/^\d{1,18}$/),
});

/** Which dead letters are meant; all that are named must hold. */
export const deadLetterFilterSchema = z.strictObject({
  /** Of the record, not of its dead-letter topic. */
  topic: externalId({ max: 249 }).optional(),
  code: externalId({ max: 249 }).optional(),
  /** The record's key as text. */
  key: externalId({ min: 0, max: 1_000 }).optional(),
  state: z.enum(LETTER_STATES).optional(),
  deadBefore: moment.optional(),
  deadAfter: moment.optional(),
});
export type DeadLetterFilter = z.infer<typeof deadLetterFilterSchema>;

export const listDeadLettersSchema = deadLetterFilterSchema.extend({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  skip: z.coerce.number().int().min(0).max(1_000_000).default(0),
});

export const replayManySchema = z.strictObject({
  ...decisionFields,
  /** Shorter than others, as the decision about each dead letter is named after it and the dead letter's place. */
  decisionId: decisionIdSchema.max(120),
  filter: deadLetterFilterSchema.omit({ state: true }),
  ratePerSecond: z.number().int().min(1).max(500).default(10),
});

/** Pauses, resumes or cancels a replay of many. */
export const controlReplaySchema = z.strictObject(decisionFields);

/** How its workflow was ended where it could not say so itself. */
export const CUT_SHORT = ['FAILED', 'TERMINATED', 'TIMED_OUT'] as const;
export const REPLAY_STATES = ['RUNNING', 'PAUSED', 'DONE', 'CANCELLED', ...CUT_SHORT] as const;

/** How a replay of many stands. */
export interface ReplayStanding {
  readonly state: (typeof REPLAY_STATES)[number];
  /** How many dead letters it has sent back. */
  readonly replayed: number;
}

/** How far a replay of many has come. */
export interface ReplayProgressView extends ReplayStanding, Pick<ReplayProgress, 'refused' | 'steered'> {
  /** The replay's. */
  readonly decisionId: string;
  /** Why its last batch could not be sent back; it is tried again. */
  readonly failing?: string;
}

/** Answer to a decision about a replay of many. How it stood when it was asked is absent where nobody could tell. */
export interface ReplayControlled extends Partial<ReplayStanding> {
  /** The replay's. */
  readonly decisionId: string;
  readonly action: ReplayAction;
  readonly control: ReplayControl;
  readonly dryRun: boolean;
}

export interface DeadLetterDecisionView {
  readonly decisionId: string;
  readonly action: 'REPLAY' | 'DISCARD';
  readonly actor: string;
  readonly reason: string;
  readonly at: string;
  readonly isEdited: boolean;
  readonly isOverride: boolean;
  readonly bulkId?: string;
  /** What the replayed record came to; absent: the bridge has not worked on it yet. */
  readonly outcome?: 'processed' | 'duplicate' | 'dead';
  readonly workflowId?: string;
  /** Where the record stands that died again. */
  readonly diedAgainAs?: string;
}

/** A dead letter in a list. */
export interface DeadLetterSummary {
  /** `topic/partition/offset` of the dead-letter topic. */
  readonly id: string;
  readonly state: DeadLetterState;
  readonly deadAt: string;
  readonly topic: string;
  readonly code: string | null;
  readonly message: string | null;
  /** As text; null: none, or bytes that are no text. */
  readonly key: string | null;
  readonly replayCount: number;
  readonly orderId?: number;
  readonly requestId?: string;
  readonly decision?: DeadLetterDecisionView;
  /** Later records of its key that wait until it is decided, or until its replay is worked on. */
  readonly waitingBehind: number;
}

/** A record that waits behind a dead letter of its key. */
export interface WaitingRecordView {
  /** `topic/partition/offset` of its own topic. */
  readonly id: string;
  readonly since: string;
  readonly eventId: string | null;
  readonly valueBytes: number;
}

/** A dead letter whole. */
export interface DeadLetterView extends DeadLetterSummary {
  readonly origin: { readonly partition: number; readonly offset: string; readonly at: string | null };
  readonly consumerGroup: string | null;
  readonly keyBase64: string | null;
  /** As text; null: none, or bytes that are no text. */
  readonly value: string | null;
  readonly valueBase64: string | null;
  readonly valueBytes: number;
  /** Each value as text, or Base64 where it is none; null: a header without a value. */
  readonly headers: Readonly<Record<string, readonly (string | null)[]>>;
  /** The first of those that wait behind it, in the order in which they will follow. */
  readonly waiting: readonly WaitingRecordView[];
  /** The dead letter whose replay died as this one. */
  readonly replayOf?: string;
}

/** Dead letters of one cause. */
export interface DeadLetterGroup {
  readonly topic: string;
  readonly code: string | null;
  readonly state: DeadLetterState;
  readonly count: number;
  readonly oldestAt: string;
  readonly newestAt: string;
}
