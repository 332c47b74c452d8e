/** What operators send about dead letters. */

import { z } from 'zod';
import { isStorable } from '../domain/external-text';
import { DECISION_EXAMPLE, decisionFields, decisionIdSchema } from './decision';
import { externalId, momentSchema } from './external-text';
import { rule } from './language';

/** Undecided ones wait; one whose replays are used up is PARKED. */
export const DEAD_LETTER_STATES = ['WAITING', 'PARKED', 'REPLAYED', 'DISCARDED'] as const;
export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number];

/** The largest record that a broker takes by default, its key and headers included. */
const MAX_RECORD_BYTES = 1_048_576;
const fits = (encoding: 'utf8' | 'base64') => (value: string) => Buffer.byteLength(value, encoding) <= MAX_RECORD_BYTES;
const tooLarge = rule(`must have ${MAX_RECORD_BYTES} bytes at most`, `${MAX_RECORD_BYTES}바이트를 넘을 수 없습니다`);

export const replayDeadLetterSchema = z
  .strictObject({
    ...decisionFields,
    /** Sent instead of the dead letter's value: text. */
    value: z
      .string()
      .refine(
        isStorable,
        rule(
          'must be text; send other bytes as valueBase64',
          '텍스트여야 합니다. 다른 바이트는 valueBase64로 보내 주세요',
        ),
      )
      .refine(fits('utf8'), tooLarge)
      .optional(),
    /** The same as bytes. */
    valueBase64: z.base64().refine(fits('base64'), tooLarge).optional(),
    /** Send it although its schema, its topic or its count of replays speaks against it; `reason` says why. */
    override: z.boolean().default(false),
  })
  .refine(({ value, valueBase64 }) => value === undefined || valueBase64 === undefined, {
    message: rule('give either value or valueBase64', 'value와 valueBase64 중 하나만 지정해 주세요'),
    path: ['valueBase64'],
  })
  .meta({ examples: [DECISION_EXAMPLE] });
export type ReplayDeadLetter = z.infer<typeof replayDeadLetterSchema>;

/** A dead letter's id, as the parameters of a path. */
export const deadLetterPositionSchema = z.object({
  topic: z
    .string()
    .regex(/^[\w.-]{1,249}$/, rule('must be the name of a topic', '토픽 이름이어야 합니다'))
    .meta({ examples: ['coupon.issue.DLT'] }),
  partition: z.coerce
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .meta({ examples: [0] }),
  offset: z
    .string()
    .regex(/^\d{1,18}$/)
    .meta({ examples: ['7'] }),
});

/** Which dead letters are meant; all that are named must hold. */
export const deadLetterFilterSchema = z.strictObject({
  /** Of the record, not of its dead-letter topic. */
  topic: externalId({ max: 249 }).optional(),
  code: externalId({ max: 249 }).optional(),
  /** The record's key as text. */
  key: externalId({ min: 0, max: 1_000 }).optional(),
  state: z.enum(DEAD_LETTER_STATES).optional(),
  deadBefore: momentSchema.optional(),
  deadAfter: momentSchema.optional(),
});
export type DeadLetterFilter = z.infer<typeof deadLetterFilterSchema>;

export const listDeadLettersSchema = deadLetterFilterSchema.extend({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  skip: z.coerce.number().int().min(0).max(1_000_000).default(0),
});

export const replayManySchema = z
  .strictObject({
    ...decisionFields,
    /** Shorter than others, as the decision about each dead letter is named after it and the dead letter's place. */
    decisionId: decisionIdSchema.max(120),
    filter: deadLetterFilterSchema.omit({ state: true }),
    ratePerSecond: z.number().int().min(1).max(500).default(10),
  })
  .meta({ examples: [{ ...DECISION_EXAMPLE, filter: { topic: 'coupon.issue', code: 'NOT_JSON' } }] });

/** How its workflow was ended where it could not say so itself. */
export const CUT_SHORT = ['FAILED', 'TERMINATED', 'TIMED_OUT'] as const;
export const REPLAY_STATES = ['RUNNING', 'PAUSED', 'DONE', 'CANCELLED', ...CUT_SHORT] as const;
