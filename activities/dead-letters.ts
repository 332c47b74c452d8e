import type { DeadLetterFilter } from '../contracts/dead-letter-operations';
import type { DeadLetterCursor } from '../contracts/record';
import type { DeadLetterReplayInput } from '../contracts/workflow-api';
import type { Db } from '../db/connection';
import { countBulkDecisions } from '../db/dead-letter-decisions';
import { waitingDeadLetters } from '../db/dead-letters';
import { refusalState } from '../db/refusal';
import { positionText, type ReplayPolicy, replayDeadLetter } from '../operations/dead-letters';
import { OperationRefused } from '../operations/decision';

export interface ReplayedBatch {
  /** Of the whole replay so far. */
  readonly replayed: number;
  /** Of this batch, by the code of the refusal. */
  readonly refused: Readonly<Record<string, number>>;
  readonly after?: DeadLetterCursor;
  /** How many were looked at; fewer than asked for: there are no more. */
  readonly tried: number;
}

export function createDeadLetterActivities({ db, policy }: { readonly db: Db; readonly policy: ReplayPolicy }) {
  return {
    /** Replays the next dead letters, each once whatever crashes in between: its decision has an id of its own. */
    async replayNext(
      call: Omit<DeadLetterReplayInput, 'ratePerSecond' | 'soFar'> & {
        readonly after?: DeadLetterCursor | undefined;
        readonly limit: number;
      },
    ): Promise<ReplayedBatch> {
      const { bulkId, actor, reason, after, limit } = call;
      const filter: DeadLetterFilter = call.filter;
      const deadLetters = await waitingDeadLetters(db, filter, { after, limit, maxReplays: policy.maxReplays });
      const refused: Record<string, number> = {};
      for (const deadLetter of deadLetters) {
        const decisionId = `${bulkId}:${positionText(deadLetter)}`;
        try {
          await replayDeadLetter(db, deadLetter, { decisionId, actor, reason, bulkId }, policy);
        } catch (error) {
          const code = refusalOf(error);
          if (code === undefined) throw error;
          refused[code] = (refused[code] ?? 0) + 1;
        }
      }
      const last = deadLetters.at(-1) ?? after;
      return {
        replayed: await countBulkDecisions(db, bulkId),
        refused,
        tried: deadLetters.length,
        ...(last ? { after: last } : {}),
      };
    },
  };
}

/** Why a dead letter can never be replayed; undefined: a retry may succeed. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof OperationRefused) return error.code;
  return refusalState(error) && 'REFUSED_BY_DATABASE';
}
