import { listBlockedKeysSchema, releaseBlockedKeySchema } from '../contracts/blocked-keys';
import {
  controlReplaySchema,
  deadLetterFilterSchema,
  discardDeadLetterSchema,
  listDeadLettersSchema,
  replayDeadLetterSchema,
  replayManySchema,
} from '../contracts/dead-letter-operations';
import { itemFilterSchema, resolveItemSchema } from '../contracts/operator-items';
import { compensateSchema, outboxQuerySchema, resolveSchema, sagaFilterSchema } from '../contracts/saga-operations';
import { DESK_ANSWERS } from './openapi-desk-answers';
import { BODY, type Operation } from './openapi-operation';
import type { ProblemCode } from './problem';

const ASKED: readonly ProblemCode[] = ['VALIDATION_FAILED', 'FORBIDDEN'];
const DECIDED: readonly ProblemCode[] = [...BODY, 'FORBIDDEN', 'DECISION_ID_REUSED'];
const REPLAY: readonly ProblemCode[] = [...ASKED, 'REPLAY_NOT_FOUND', 'TEMPORAL_UNAVAILABLE'];
const LETTER = '/api/ops/dead-letters/{topic}/{partition}/{offset}';

/** What operators ask of dead letters, sagas and the outbox. The same decisionId again: the same decision. */
export const DESK_OPERATIONS: Readonly<Record<string, Operation>> = {
  'get /api/ops/items': {
    summary: 'What needs a person, the oldest first, with a count of each cause (operators)',
    query: itemFilterSchema,
    answer: { status: 200, data: DESK_ANSWERS.items },
    problems: ASKED,
  },
  'get /api/ops/items/{id}': {
    summary: 'One thing that needs a person, or needed one (operators)',
    answer: { status: 200, data: DESK_ANSWERS.item },
    problems: [...ASKED, 'ITEM_NOT_FOUND'],
  },
  'post /api/ops/items/{id}/resolve': {
    summary:
      'Close an item that takes no decision of its own: a failed workflow or what it was parked at, a lost request (operators)',
    body: resolveItemSchema,
    answer: { status: 202, data: DESK_ANSWERS.itemResolved },
    problems: [...DECIDED, 'ITEM_NOT_FOUND', 'ITEM_CLOSED', 'ITEM_HAS_OWN_DECISION', 'TEMPORAL_UNAVAILABLE'],
  },
  'get /api/ops/dead-letters': {
    summary: 'Dead letters, newest first (operators)',
    query: listDeadLettersSchema,
    answer: { status: 200, data: DESK_ANSWERS.deadLetters },
    problems: ASKED,
  },
  'get /api/ops/dead-letters/groups': {
    summary: 'How many dead letters of each cause stand how (operators)',
    query: deadLetterFilterSchema,
    answer: { status: 200, data: DESK_ANSWERS.deadLetterGroups },
    problems: ASKED,
  },
  [`get ${LETTER}`]: {
    summary: 'A dead letter by its place in the dead-letter topic, byte for byte (operators)',
    answer: { status: 200, data: DESK_ANSWERS.deadLetter },
    problems: [...ASKED, 'DEAD_LETTER_NOT_FOUND'],
  },
  [`post ${LETTER}/replay`]: {
    summary: 'Send a dead letter back to its topic, as it is or with another value (operators)',
    body: replayDeadLetterSchema,
    answer: { status: 202, data: DESK_ANSWERS.deadLetterReplayed },
    problems: [
      ...DECIDED,
      'DEAD_LETTER_NOT_FOUND',
      'DEAD_LETTER_DECIDED',
      'ORDER_CANCELLED',
      'REPLAYS_EXHAUSTED',
      'TOPIC_NOT_OURS',
      'KEY_BLOCKED',
      'VALUE_MISSING',
      'VALUE_INVALID',
    ],
  },
  [`post ${LETTER}/discard`]: {
    summary: 'Put a dead letter aside for good (operators)',
    body: discardDeadLetterSchema,
    answer: { status: 202, data: DESK_ANSWERS.deadLetterDiscarded },
    problems: [...DECIDED, 'DEAD_LETTER_NOT_FOUND', 'DEAD_LETTER_DECIDED'],
  },
  'get /api/ops/blocked-keys': {
    summary: 'Keys whose later records wait behind a dead letter, the longest still first (operators)',
    query: listBlockedKeysSchema,
    answer: { status: 200, data: DESK_ANSWERS.blockedKeys },
    problems: ASKED,
  },
  'post /api/ops/blocked-keys/release': {
    summary: 'Let a line go on whose record under way is lost (operators)',
    body: releaseBlockedKeySchema,
    answer: { status: 202, data: DESK_ANSWERS.blockedKeyReleased },
    problems: [...DECIDED, 'KEY_NOT_BLOCKED', 'KEY_AWAITS_DECISION', 'DEAD_LETTER_NOT_INDEXED', 'KEY_JUST_MOVED'],
  },
  'post /api/ops/dead-letter-replays': {
    summary:
      'Send every waiting dead letter that the filter means back, so many a second, by a workflow. Its decisionId is that of one replay for good: once its workflow is forgotten, it is DECISION_ID_REUSED even for the same wish (operators)',
    body: replayManySchema,
    answer: { status: 202, data: DESK_ANSWERS.replayStarted },
    problems: [...DECIDED, 'TEMPORAL_UNAVAILABLE'],
  },
  'get /api/ops/dead-letter-replays/{id}': {
    summary: 'How far a replay has come, by its decisionId (operators)',
    answer: { status: 200, data: DESK_ANSWERS.replayProgress },
    problems: REPLAY,
  },
  ...Object.fromEntries(
    ['pause', 'resume', 'cancel'].map((how) => [
      `post /api/ops/dead-letter-replays/{id}/${how}`,
      {
        summary: `${how[0]?.toUpperCase()}${how.slice(1)} a replay of many dead letters (operators)`,
        body: controlReplaySchema,
        answer: { status: 202, data: DESK_ANSWERS.replaySteered },
        problems: [...DECIDED, 'REPLAY_NOT_FOUND', 'REPLAY_OVER', 'TEMPORAL_UNAVAILABLE'],
      },
    ]),
  ),
  'get /api/ops/sagas': {
    summary: 'Sagas, those of the newest orders first (operators)',
    query: sagaFilterSchema,
    answer: { status: 200, data: DESK_ANSWERS.sagas },
    problems: ASKED,
  },
  'get /api/ops/sagas/{orderId}': {
    summary: "An order's whole story; what only Temporal knows is absent while it is away (operators)",
    answer: { status: 200, data: DESK_ANSWERS.details },
    problems: ['FORBIDDEN', 'ORDER_NOT_FOUND'],
  },
  'post /api/ops/sagas/{orderId}/compensate': {
    summary: 'Undo an order that has not left and cancel it; what comes of it is in its timeline (operators)',
    body: compensateSchema,
    answer: { status: 202, data: DESK_ANSWERS.sagaDecided },
    problems: [...DECIDED, 'ORDER_NOT_FOUND', 'ORDER_NOT_CANCELLABLE', 'TEMPORAL_UNAVAILABLE'],
  },
  'post /api/ops/sagas/{orderId}/resolve': {
    summary: 'Decide about an undo that failed: RETRY, SKIP or DONE_EXTERNALLY (operators)',
    body: resolveSchema,
    answer: { status: 202, data: DESK_ANSWERS.sagaDecided },
    problems: [...DECIDED, 'ORDER_NOT_FOUND', 'NOT_RESOLVABLE', 'TEMPORAL_UNAVAILABLE'],
  },
  'get /api/ops/outbox': {
    summary: 'What waits to be published: figures, and the oldest rows (operators)',
    query: outboxQuerySchema,
    answer: { status: 200, data: DESK_ANSWERS.outbox },
    problems: ASKED,
  },
};
