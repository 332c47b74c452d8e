import { z } from 'zod';
import {
  deadLetterFilterSchema,
  deadLetterPositionSchema,
  listDeadLettersSchema,
  replayDeadLetterSchema,
} from '../../contracts/dead-letter-operations';
import { decisionSchema } from '../../contracts/decision';
import {
  deadLetterDecidedSchema,
  deadLetterGroupSchema,
  deadLetterSchema,
  deadLetterSummarySchema,
} from '../../contracts/responses/dead-letters';
import { waitingBehind } from '../../db/blocked-keys';
import { deadLetterOfReplay } from '../../db/dead-letter-decisions';
import { findDeadLetter, groupDeadLetters, listDeadLetters } from '../../db/dead-letters';
import { type DeadLetterDecision, discardDeadLetter, replayDeadLetter } from '../../operations/dead-letters';
import type { ApiContext } from '../context';
import { decisionRoute } from '../decision-route';
import { ProblemError } from '../problem';
import { route } from '../route';
import { deadLetterGroup, deadLetterSummary, deadLetterView, textOf } from './dead-letter-views';

const SHOWN_WAITING = 50;
/** Operators edit records that are as large as the broker takes. */
export const RECORD_LIMIT = '4mb';
const ofDeadLetter = { params: deadLetterPositionSchema };
const LISTED = { ko: '데드 레터 목록 조회 성공', en: 'Dead letters' };

/** Dead letters: listed, read, sent back, discarded. */
export const deadLetterRoutes = [
  route('GET /api/ops/dead-letters', {
    id: 'listDeadLetters',
    summary: 'Dead letters, newest first (operators)',
    access: 'viewer',
    query: listDeadLettersSchema,
    response: { status: 200, data: z.array(deadLetterSummarySchema), message: LISTED },
    async handle({ query: { limit, skip, ...filter } }, { db, settings }) {
      const deadLetters = await listDeadLetters(db, filter, { limit, skip, maxReplays: settings.MAX_REPLAYS });
      return { data: deadLetters.map((deadLetter) => deadLetterSummary(deadLetter)) };
    },
  }),

  route('GET /api/ops/dead-letters/groups', {
    id: 'groupDeadLetters',
    summary: 'Dead letters counted by topic, cause and state (operators)',
    access: 'viewer',
    query: deadLetterFilterSchema,
    response: { status: 200, data: z.array(deadLetterGroupSchema), message: LISTED },
    async handle({ query }, { db, settings }) {
      return { data: (await groupDeadLetters(db, query, settings.MAX_REPLAYS)).map(deadLetterGroup) };
    },
  }),

  route('GET /api/ops/dead-letters/{topic}/{partition}/{offset}', {
    id: 'getDeadLetter',
    summary: 'A dead letter by its position in the dead-letter topic, byte for byte (operators)',
    access: 'viewer',
    ...ofDeadLetter,
    response: { status: 200, data: deadLetterSchema, message: { ko: '데드 레터 조회 성공', en: 'The dead letter' } },
    problems: ['DEAD_LETTER_NOT_FOUND'],
    async handle({ params }, { db, settings }) {
      const deadLetter = await findDeadLetter(db, params, settings.MAX_REPLAYS);
      if (!deadLetter) throw new ProblemError('DEAD_LETTER_NOT_FOUND');
      const { decision, waitingBehind: count } = deadLetter;
      const diedAgainAs = decision && (await deadLetterOfReplay(db, decision.decisionId));
      const waiting = count > 0 ? await waitingBehind(db, deadLetter, SHOWN_WAITING) : [];
      return { data: deadLetterView(deadLetter, { diedAgainAs, waiting }) };
    },
  }),

  decisionRoute('POST /api/ops/dead-letters/{topic}/{partition}/{offset}/replay', {
    id: 'replayDeadLetter',
    summary: 'Send a dead letter back to its topic, as it is or with another value (operators)',
    ...ofDeadLetter,
    body: replayDeadLetterSchema,
    bodyLimit: RECORD_LIMIT,
    data: deadLetterDecidedSchema,
    message: { ko: '데드 레터를 다시 보냅니다.', en: 'The dead letter is sent back.' },
    dryRunMessage: {
      ko: '데드 레터를 다시 보내게 됩니다. 바뀐 것은 없습니다.',
      en: 'The dead letter would be sent back; nothing was done.',
    },
    problems: [
      'DEAD_LETTER_NOT_FOUND',
      'DEAD_LETTER_DECIDED',
      'ORDER_CANCELLED',
      'REPLAYS_EXHAUSTED',
      'TOPIC_NOT_OURS',
      'KEY_BLOCKED',
      'VALUE_MISSING',
      'VALUE_INVALID',
    ],
    async decide({ params, body: { value, valueBase64, override }, decision }, context) {
      const editedValue = value === undefined ? bytesOf(valueBase64) : Buffer.from(value);
      const command = { ...decision, editedValue, isOverride: override };
      const decided = await replayDeadLetter(context.db, params, command, policyOf(context));
      return { isNew: decided.isNew, data: await decidedView(decided, decision.isDryRun, context) };
    },
  }),

  decisionRoute('POST /api/ops/dead-letters/{topic}/{partition}/{offset}/discard', {
    id: 'discardDeadLetter',
    summary: 'Put a dead letter aside for good (operators)',
    ...ofDeadLetter,
    body: decisionSchema,
    data: deadLetterDecidedSchema,
    message: { ko: '데드 레터를 폐기했습니다.', en: 'The dead letter was discarded.' },
    dryRunMessage: {
      ko: '데드 레터를 폐기하게 됩니다. 바뀐 것은 없습니다.',
      en: 'The dead letter would be discarded; nothing was done.',
    },
    problems: ['DEAD_LETTER_NOT_FOUND', 'DEAD_LETTER_DECIDED'],
    async decide({ params, decision }, context) {
      const decided = await discardDeadLetter(context.db, params, decision, policyOf(context));
      return { isNew: decided.isNew, data: await decidedView(decided, decision.isDryRun, context) };
    },
  }),
] as const;

const policyOf = ({ settings }: ApiContext) => ({ maxReplays: settings.MAX_REPLAYS });

async function decidedView({ deadLetter, record }: DeadLetterDecision, isDryRun = false, { db, settings }: ApiContext) {
  const now = isDryRun ? undefined : await findDeadLetter(db, deadLetter, settings.MAX_REPLAYS);
  return {
    ...deadLetterSummary(now ?? deadLetter),
    dryRun: isDryRun,
    ...(record
      ? {
          sends: {
            topic: record.topic,
            key: textOf(record.key),
            value: textOf(record.value),
            valueBase64: record.value.toString('base64'),
            replayCount: record.replayCount,
          },
        }
      : {}),
  };
}

const bytesOf = (base64: string | undefined) => (base64 === undefined ? undefined : Buffer.from(base64, 'base64'));
