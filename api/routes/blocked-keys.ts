import { z } from 'zod';
import { listBlockedKeysSchema, releaseBlockedKeySchema } from '../../contracts/blocked-keys';
import {
  type BlockedKeyView,
  blockedKeyReleasedSchema,
  blockedKeySchema,
} from '../../contracts/responses/dead-letters';
import { type BlockedKey, longestBlocked } from '../../db/blocked-key-releases';
import { releaseBlockedKey } from '../../operations/blocked-keys';
import { decisionRoute } from '../decision-route';
import { route } from '../route';
import { textOf } from './dead-letter-views';
import { RECORD_LIMIT } from './dead-letters';

/** Keys that a dead letter blocks: listed, and released where nothing else would. */
export const blockedKeyRoutes = [
  route('GET /api/ops/blocked-keys', {
    id: 'listBlockedKeys',
    summary: 'Keys whose later records wait behind a dead letter, the longest blocked first (operators)',
    access: 'viewer',
    query: listBlockedKeysSchema,
    response: {
      status: 200,
      data: z.array(blockedKeySchema),
      message: { ko: '막힌 키 목록', en: 'Blocked keys' },
    },
    handle: async ({ query }, { db }) => ({ data: (await longestBlocked(db, query.limit)).map(blockedKeyView) }),
  }),

  decisionRoute('POST /api/ops/blocked-keys/release', {
    id: 'releaseBlockedKey',
    summary: 'Release a key whose record under way is lost (operators)',
    body: releaseBlockedKeySchema,
    bodyLimit: RECORD_LIMIT,
    data: blockedKeyReleasedSchema,
    message: { ko: '막힌 키를 풀었습니다.', en: 'The key was released.' },
    dryRunMessage: {
      ko: '막힌 키를 풀게 됩니다. 바뀐 것은 없습니다.',
      en: 'The key would be released; nothing was done.',
    },
    problems: ['KEY_NOT_BLOCKED', 'KEY_AWAITS_DECISION', 'DEAD_LETTER_NOT_INDEXED', 'KEY_JUST_MOVED'],
    async decide({ body: { topic, key: text, keyBase64 = '', override }, decision }, { db }) {
      const key = text === undefined ? Buffer.from(keyBase64, 'base64') : Buffer.from(text);
      const { isNew, blocked } = await releaseBlockedKey(db, { ...decision, topic, key, isOverride: override });
      const { decisionId, isDryRun = false } = decision;
      const waiting = isNew && blocked ? blocked.waiting : 0;
      return { isNew, data: { topic, keyBase64: key.toString('base64'), decisionId, dryRun: isDryRun, waiting } };
    },
  }),
] as const;

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
