import { Router } from 'express';
import { type KeyLineView, type LineReleased, listLinesSchema, releaseLineSchema } from '../contracts/key-lines';
import { longestLines, type StandingLine } from '../db/line-releases';
import { releaseLine } from '../operations/blocked-keys';
import { decisionAnswer, languageOf, send, success } from './answer';
import { authenticated, operatorOf, operatorsOnly } from './authentication';
import { textOf } from './dead-letter-views';
import type { RouteDependencies } from './dependencies';
import { largeJsonBody, parseBody, parseQuery } from './validation';

/** Lines behind dead letters: looked at, and let go on where nothing else would; operators only. */
export function keyLineRoutes({ db, authenticate }: RouteDependencies): Router {
  const router = Router();
  const user = authenticated(authenticate);

  router.get('/api/ops/key-lines', user, operatorsOnly, async (request, response) => {
    const lines = await longestLines(db, parseQuery(request, listLinesSchema).limit);
    send(response, success(200, lines.map(lineView), 'keyLines', languageOf(request)));
  });

  router.post('/api/ops/key-lines/release', user, operatorsOnly, largeJsonBody, async (request, response) => {
    const { topic, key, keyBase64, decisionId, reason, dryRun, override } = parseBody(request, releaseLineSchema);
    const bytes = key === undefined ? Buffer.from(keyBase64 ?? '', 'base64') : Buffer.from(key);
    const decider = { decisionId, reason, actor: operatorOf(response), isOverride: override };
    const line = await releaseLine(db, { topic, key: bytes }, decider, dryRun);
    const waiting = line?.waiting ?? 0;
    const data: LineReleased = { topic, keyBase64: bytes.toString('base64'), decisionId, dryRun, waiting };
    const isNew = line !== undefined;
    send(response, decisionAnswer({ dryRun, isNew }, data, 'keyLineReleased', languageOf(request)));
  });

  return router;
}

function lineView({ topic, key, waiting, movedAt, isUnderWay, deadLetter }: StandingLine): KeyLineView {
  return {
    topic,
    key: textOf(key),
    keyBase64: key.toString('base64'),
    waiting,
    movedAt: movedAt.toISOString(),
    waitsFor: deadLetter !== null ? 'DECISION' : isUnderWay ? 'RECORD_UNDER_WAY' : 'NOTHING',
    ...(deadLetter === null ? {} : { deadLetter }),
  };
}
