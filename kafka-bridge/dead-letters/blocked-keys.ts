import { randomUUID } from 'node:crypto';
import { DEAD_LETTER_HEADERS } from '../../contracts/dead-letters';
import { base64Headers, idIn } from '../../contracts/record';
import * as blockedKeys from '../../db/blocked-keys';
import type { Db } from '../../db/connection';
import { hasDeadLetter } from '../../db/dead-letter-index';
import type { IncomingRecord } from '../client/kafka-port';
import { recordTime } from '../consumers/event-time';

/**
 * Whether the group has given this record up before, and its dead letter is indexed: after a crash or a rebalance the
 * record comes again, and its dead letter may be decided by then.
 */
export async function isGivenUp(db: Db, record: IncomingRecord, group: string): Promise<boolean> {
  const at = recordTime(record.timestamp);
  return at !== undefined && hasDeadLetter(db, { ...record, at, group });
}

/** Keeps a record whose key is blocked until that is released; `dead`: it was given up before, and waits for nothing. */
export async function waitForKey(
  db: Db,
  record: IncomingRecord,
  group: string,
): Promise<blockedKeys.KeyState | 'dead'> {
  const state = await blockedKeys.keyStateOf(db, keyed(record));
  if (state !== 'waiting') return state;
  if (await isGivenUp(db, record, group)) return 'dead';
  // It keeps a token that another key awaits: the key that it had before it was edited.
  const own = releaseTokenOf(record);
  const isAwaited = own !== undefined && (await blockedKeys.isTokenAwaited(db, record.topic, own));
  const releaseToken = isAwaited ? own : randomUUID();
  const headers = base64Headers({ ...record.headers, [DEAD_LETTER_HEADERS.releaseToken]: [Buffer.from(releaseToken)] });
  return blockedKeys.waitForKey(db, { ...record, releaseToken, headers });
}

export function blockKey(db: Db, record: IncomingRecord, group: string): Promise<void> {
  return blockedKeys.blockKey(db, { ...keyed(record), group });
}

export function releaseWaiting(db: Db, record: IncomingRecord, group: string): Promise<void> {
  return db.transaction((trx) => blockedKeys.releaseWaiting(trx, { ...keyed(record), group }));
}

const keyed = (record: IncomingRecord): blockedKeys.KeyedRecord => ({
  ...record,
  releaseToken: releaseTokenOf(record),
});

function releaseTokenOf({ headers }: IncomingRecord): string | undefined {
  return idIn(headers[DEAD_LETTER_HEADERS.releaseToken]?.at(-1));
}
