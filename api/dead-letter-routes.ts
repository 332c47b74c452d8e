import { type Request, type Response, Router } from 'express';
import {
  discardLetterSchema,
  letterFilterSchema,
  letterPlaceSchema,
  listLettersSchema,
  replayLetterSchema,
} from '../contracts/dead-letter-desk';
import { findLetter, groupLetters, type LetterPlace, letterOfReplay, listLetters } from '../db/dead-letters';
import { waitingBehind } from '../db/key-lines';
import { type Decided, discardLetter, type ReplayPolicy, replayLetter } from '../operations/dead-letters';
import { type DecisionName, decisionAnswer, languageOf, send, success } from './answer';
import { authenticated, operatorOf, operatorsOnly } from './authentication';
import { letterGroup, letterSummary, letterView, textOf } from './dead-letter-views';
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
    const { limit, skip, ...filter } = parseQuery(request, listLettersSchema);
    const letters = await listLetters(db, filter, { limit, skip, maxReplays });
    send(
      response,
      success(
        200,
        letters.map((letter) => letterSummary(letter)),
        'deadLetters',
        languageOf(request),
      ),
    );
  });

  router.get('/api/ops/dead-letters/groups', user, operatorsOnly, async (request, response) => {
    const groups = await groupLetters(db, parseQuery(request, letterFilterSchema), maxReplays);
    send(response, success(200, groups.map(letterGroup), 'deadLetters', languageOf(request)));
  });

  router.get(path, user, operatorsOnly, async (request, response) => {
    const letter = await findLetter(db, placeOf(request), maxReplays);
    if (!letter) throw new ProblemError('DEAD_LETTER_NOT_FOUND');
    const diedAgainAs = letter.decision && (await letterOfReplay(db, letter.decision.decisionId));
    const waiting = letter.waitingBehind > 0 ? await waitingBehind(db, letter, SHOWN_WAITING) : [];
    send(response, success(200, letterView(letter, { diedAgainAs, waiting }), 'deadLetter', languageOf(request)));
  });

  router.post(`${path}/replay`, user, operatorsOnly, largeJsonBody, async (request, response) => {
    const place = placeOf(request);
    const { dryRun, value, valueBase64, override, ...decision } = parseBody(request, replayLetterSchema);
    const editedValue = value === undefined ? bytesOf(valueBase64) : Buffer.from(value);
    const wish = { ...decision, actor: operatorOf(response), editedValue, isOverride: override };
    const decided = await replayLetter(db, place, wish, policy, dryRun);
    await answer(request, response, decided, dryRun, 'deadLetterReplayed');
  });

  router.post(`${path}/discard`, user, operatorsOnly, jsonBody, async (request, response) => {
    const place = placeOf(request);
    const { dryRun, ...decision } = parseBody(request, discardLetterSchema);
    const wish = { ...decision, actor: operatorOf(response) };
    const decided = await discardLetter(db, place, wish, policy, dryRun);
    await answer(request, response, decided, dryRun, 'deadLetterDiscarded');
  });

  async function answer(
    request: Request,
    response: Response,
    { letter, record, isNew }: Decided,
    isDry: boolean,
    name: DecisionName,
  ): Promise<void> {
    const standing = isDry ? letter : ((await findLetter(db, letter, maxReplays)) ?? letter);
    const data = {
      ...letterSummary(standing),
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

function placeOf(request: Request): LetterPlace {
  return parse(request, letterPlaceSchema, request.params);
}

const bytesOf = (base64: string | undefined) => (base64 === undefined ? undefined : Buffer.from(base64, 'base64'));
