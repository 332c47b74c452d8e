import { Router } from 'express';
import {
  type BlockedKeyReleased,
  type BlockedKeyView,
  listBlockedKeysSchema,
  releaseBlockedKeySchema,
} from '../contracts/blocked-keys';
import { type BlockedKey, longestBlocked } from '../db/blocked-key-releases';
import { releaseBlockedKey } from '../operations/blocked-keys';
import { decisionAnswer, languageOf, send, success } from './answer';
import { authenticated, operatorOf, operatorsOnly } from './authentication';
import { textOf } from './dead-letter-views';
import type { RouteDependencies } from './dependencies';
import { largeJsonBody, parseBody, parseQuery } from './validation';

/** Lines behind dead letters: looked at, and let go on where nothing else would; operators only. */
export function blockedKeyRoutes({ db, authenticate }: RouteDependencies): Router {
  const router = Router();
  const user = authenticated(authenticate);

  router.get('/api/ops/blocked-keys', user, operatorsOnly, async (request, response) => {
    const lines = await longestBlocked(db, parseQuery(request, listBlockedKeysSchema).limit);
    send(response, success(200, lines.map(blockedKeyView), 'blockedKeys', languageOf(request)));
  });

  router.post('/api/ops/blocked-keys/release', user, operatorsOnly, largeJsonBody, async (request, response) => {
    const { topic, key, keyBase64, decisionId, reason, dryRun, override } = parseBody(request, releaseBlockedKeySchema);
    const bytes = key === undefined ? Buffer.from(keyBase64 ?? '', 'base64') : Buffer.from(key);
    const decider = { decisionId, reason, actor: operatorOf(response), isOverride: override };
    const line = await releaseBlockedKey(db, { topic, key: bytes }, decider, dryRun);
    const waiting = line?.waiting ?? 0;
    const data: BlockedKeyReleased = { topic, keyBase64: bytes.toString('base64'), decisionId, dryRun, waiting };
    const isNew = line !== undefined;
    send(response, decisionAnswer({ dryRun, isNew }, data, 'blockedKeyReleased', languageOf(request)));
  });

  return router;
}

function blockedKeyView({ topic, key, waiting, movedAt, isUnderWay, deadLetter }: BlockedKey): BlockedKeyView {
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
