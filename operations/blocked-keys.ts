import { type BlockedKey, lockBlockedKey, recordRelease, wasReleasedBy } from '../db/blocked-key-releases';
import { sendNext } from '../db/blocked-keys';
import type { Db } from '../db/connection';
import type { Decider } from './dead-letters';
import { OperationRefused } from './refusal';

/** What is on its way, or has died just now, gets so long to be seen. */
const STANDS_STILL_AFTER_MS = 60_000;

/**
 * Lets a line go on whose head is lost: its topic was made anew, or offsets were moved by hand. Should the head come after
 * all, it goes to the end of the line. One whose dead letter is not indexed, which may be the index's fault, takes an override.
 * Returns the line as it stood; undefined: the same decision has been taken before.
 */
export function releaseBlockedKey(
  db: Db,
  { topic, key }: { readonly topic: string; readonly key: Buffer },
  { decisionId, actor, reason, isOverride = false }: Decider & { readonly isOverride?: boolean },
  isDry = false,
): Promise<BlockedKey | undefined> {
  return db.transaction(async (trx) => {
    const line = await lockBlockedKey(trx, topic, key);
    const before = await wasReleasedBy(trx, decisionId, topic, key);
    if (before === false) throw new OperationRefused('DECISION_ID_REUSED');
    if (before) return undefined;
    if (!line) throw new OperationRefused('KEY_NOT_BLOCKED');
    if (line.deadLetter !== null) throw new OperationRefused('KEY_AWAITS_DECISION', { deadLetter: line.deadLetter });
    if (!line.isUnderWay && !isOverride) throw new OperationRefused('DEAD_LETTER_NOT_INDEXED');
    if (line.unmovedMs < STANDS_STILL_AFTER_MS)
      throw new OperationRefused('KEY_JUST_MOVED', { movedAt: line.movedAt.toISOString() });
    if (isDry) return line;
    if (!(await recordRelease(trx, { decisionId, topic, key, actor, reason })))
      throw new OperationRefused('DECISION_ID_REUSED');
    await sendNext(trx, line);
    return line;
  });
}
