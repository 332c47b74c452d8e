import { type Request, type Response, Router } from 'express';
import {
  deadLetterFilterSchema,
  deadLetterPositionSchema,
  discardDeadLetterSchema,
  listDeadLettersSchema,
  replayDeadLetterSchema,
} from '../contracts/dead-letter-operations';
import { waitingBehind } from '../db/blocked-keys';
import { deadLetterOfReplay } from '../db/dead-letter-decisions';
import type { DeadLetterPosition } from '../db/dead-letter-index';
import { findDeadLetter, groupDeadLetters, listDeadLetters } from '../db/dead-letters';
import { type Decided, discardDeadLetter, type ReplayPolicy, replayDeadLetter } from '../operations/dead-letters';
import { type DecisionName, decisionAnswer, languageOf, send, success } from './answer';
import { authenticated, operatorOf, operatorsOnly } from './authentication';
import { deadLetterGroup, deadLetterSummary, deadLetterView, textOf } from './dead-letter-views';
import type { RouteDependencies } from './dependencies';
import { ProblemError } from './problem';
import { jsonBody, largeJsonBody, parse, parseBody, parseQuery } from './validation';

const SHOWN_WAITING = 50;

/** The desk for dead letters: looked at, sent back, put aside; operators only. */
export function deadLetterRoutes({ db, settings, authenticate }: RouteDependencies): Router {
  const router = Router();
  const user = authenticated(authenticate);
  const policy: ReplayPolicy = { maxReplays: settings.MAX_REPLAYS };
  const { maxReplays } = policy;
  const path = '/api/ops/dead-letters/:topic/:partition/:offset';

  // Values may hold a card's token or an address.
  router.use('/api/ops/dead-letters', (_request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    next();
  });

  router.get('/api/ops/dead-letters', user, operatorsOnly, async (request, response) => {
    const { limit, skip, ...filter } = parseQuery(request, listDeadLettersSchema);
    const deadLetters = await listDeadLetters(db, filter, { limit, skip, maxReplays });
    send(
      response,
      success(
        200,
        deadLetters.map((deadLetter) => deadLetterSummary(deadLetter)),
        'deadLetters',
        languageOf(request),
      ),
    );
  });

  router.get('/api/ops/dead-letters/groups', user, operatorsOnly, async (request, response) => {
    const groups = await groupDeadLetters(db, parseQuery(request, deadLetterFilterSchema), maxReplays);
    send(response, success(200, groups.map(deadLetterGroup), 'deadLetters', languageOf(request)));
  });

  router.get(path, user, operatorsOnly, async (request, response) => {
    const deadLetter = await findDeadLetter(db, positionOf(request), maxReplays);
    if (!deadLetter) throw new ProblemError('DEAD_LETTER_NOT_FOUND');
    const diedAgainAs = deadLetter.decision && (await deadLetterOfReplay(db, deadLetter.decision.decisionId));
    const waiting = deadLetter.waitingBehind > 0 ? await waitingBehind(db, deadLetter, SHOWN_WAITING) : [];
    send(
      response,
      success(200, deadLetterView(deadLetter, { diedAgainAs, waiting }), 'deadLetter', languageOf(request)),
    );
  });

  router.post(`${path}/replay`, user, operatorsOnly, largeJsonBody, async (request, response) => {
    const position = positionOf(request);
    const { dryRun, value, valueBase64, override, ...decision } = parseBody(request, replayDeadLetterSchema);
    const editedValue = value === undefined ? bytesOf(valueBase64) : Buffer.from(value);
    const command = { ...decision, actor: operatorOf(response), editedValue, isOverride: override };
    const decided = await replayDeadLetter(db, position, command, policy, dryRun);
    await answer(request, response, decided, dryRun, 'deadLetterReplayed');
  });

  router.post(`${path}/discard`, user, operatorsOnly, jsonBody, async (request, response) => {
    const position = positionOf(request);
    const { dryRun, ...decision } = parseBody(request, discardDeadLetterSchema);
    const command = { ...decision, actor: operatorOf(response) };
    const decided = await discardDeadLetter(db, position, command, policy, dryRun);
    await answer(request, response, decided, dryRun, 'deadLetterDiscarded');
  });

  async function answer(
    request: Request,
    response: Response,
    { deadLetter, record, isNew }: Decided,
    isDry: boolean,
    name: DecisionName,
  ): Promise<void> {
    const standing = isDry ? deadLetter : ((await findDeadLetter(db, deadLetter, maxReplays)) ?? deadLetter);
    const data = {
      ...deadLetterSummary(standing),
      dryRun: isDry,
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
    send(response, decisionAnswer({ dryRun: isDry, isNew }, data, name, languageOf(request)));
  }

  return router;
}

function positionOf(request: Request): DeadLetterPosition {
  return parse(request, deadLetterPositionSchema, request.params);
}

const bytesOf = (base64: string | undefined) => (base64 === undefined ? undefined : Buffer.from(base64, 'base64'));
