import { type BlockedKey, lockBlockedKey, recordRelease, wasReleasedBy } from '../db/blocked-key-releases';
import { sendNext } from '../db/blocked-keys';
import type { Db } from '../db/connection';
import { type Decision, OperationRefused, takeDecision } from './decision';

/** A record that was sent, or has died, gets so long to be seen. */
const MOVES_WITHIN_MS = 60_000;

export interface ReleaseCommand extends Decision {
  readonly topic: string;
  readonly key: Buffer;
  /** Release it although the dead letter that blocks it is not indexed, which may be the index's fault. */
  readonly isOverride?: boolean;
}

/**
 * Releases a key whose record under way is lost, as its topic was made anew or offsets were moved by hand: the next record
 * is sent. Should the lost one come after all, it waits behind the others.
 */
export function releaseBlockedKey(
  db: Db,
  { topic, key, isOverride = false, ...decision }: ReleaseCommand,
): Promise<{ readonly isNew: boolean; readonly blocked: BlockedKey | undefined }> {
  return db.transaction(async (trx) => {
    const blocked = await lockBlockedKey(trx, topic, key);
    const isNew = await takeDecision(decision, {
      async earlier() {
        const isSame = await wasReleasedBy(trx, decision.decisionId, topic, key);
        return isSame === undefined ? undefined : isSame ? 'same' : { usedFor: 'another key' };
      },
      async check() {
        if (!blocked) throw new OperationRefused('KEY_NOT_BLOCKED');
        const { deadLetter, isUnderWay, unmovedMs, movedAt } = blocked;
        if (deadLetter !== null) throw new OperationRefused('KEY_AWAITS_DECISION', { deadLetter });
        if (!isUnderWay && !isOverride) throw new OperationRefused('DEAD_LETTER_NOT_INDEXED');
        if (unmovedMs < MOVES_WITHIN_MS)
          throw new OperationRefused('KEY_JUST_MOVED', { movedAt: movedAt.toISOString() });
      },
      async act() {
        if (!blocked) return false;
        const { decisionId, actor, reason } = decision;
        if (!(await recordRelease(trx, { decisionId, topic, key, actor, reason })))
          throw new OperationRefused('DECISION_ID_REUSED');
        await sendNext(trx, blocked);
        return true;
      },
    });
    return { isNew, blocked };
  });
}
