import type { LetterFilter } from '../contracts/dead-letter-desk';
import type { DeadLetterReplayInput, LetterCursor } from '../contracts/workflow-api';
import type { Db } from '../db/connection';
import { countBulkDecisions, waitingLetters } from '../db/dead-letters';
import { type DeskPolicy, placeText, replayLetter } from '../desk/decide';
import { DeskRefusal } from '../desk/refusal';

export interface ReplayedBatch {
  /** Of the whole replay so far. */
  readonly replayed: number;
  /** Of this batch, by the code of the refusal. */
  readonly refused: Readonly<Record<string, number>>;
  readonly after?: LetterCursor;
  /** How many were looked at; fewer than asked for: there are no more. */
  readonly tried: number;
}

export function createDeadLetterActivities({ db, policy }: { readonly db: Db; readonly policy: DeskPolicy }) {
  return {
    /** Sends the next letters back, each once whatever dies in between: its decision has an id of its own. */
    async replayNext(
      call: Omit<DeadLetterReplayInput, 'ratePerSecond' | 'soFar'> & {
        readonly after?: LetterCursor | undefined;
        readonly limit: number;
      },
    ): Promise<ReplayedBatch> {
      const { bulkId, actor, reason, after, limit } = call;
      const filter: LetterFilter = call.filter;
      const letters = await waitingLetters(db, filter, { after, limit, maxReplays: policy.maxReplays });
      const refused: Record<string, number> = {};
      for (const letter of letters) {
        const decisionId = `${bulkId}:${placeText(letter)}`;
        try {
          await replayLetter(db, letter, { decisionId, actor, reason, bulkId }, policy);
        } catch (error) {
          if (!(error instanceof DeskRefusal)) throw error;
          refused[error.code] = (refused[error.code] ?? 0) + 1;
        }
      }
      const last = letters.at(-1) ?? after;
      return {
        replayed: await countBulkDecisions(db, bulkId),
        refused,
        tried: letters.length,
        ...(last ? { after: last } : {}),
      };
    },
  };
}
export type DeadLetterActivities = ReturnType<typeof createDeadLetterActivities>;
