import {
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { DeadLetterActivities } from '../activities';
import { type DeadLetterReplayInput, QUERIES, type ReplayProgress, SIGNALS } from '../contracts/workflow-api';

/** Small, so that a pause is soon felt. */
const MOST_AT_ONCE = 50;

const { replayNext } = proxyActivities<DeadLetterActivities>({
  // A batch takes a fraction of a second; whoever died with one is waited for no longer than this.
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

/** Sends many dead letters back, so many a second; it can be paused, resumed and cancelled, and goes on after any death. */
export async function deadLetterReplay(input: DeadLetterReplayInput): Promise<ReplayProgress> {
  let progress: ReplayProgress = { ...(input.soFar ?? { replayed: 0, refused: {} }), state: 'RUNNING' };
  let isPaused = input.soFar?.state === 'PAUSED';
  let isCancelled = false;
  const now = (): ReplayProgress =>
    isPaused && progress.state === 'RUNNING' ? { ...progress, state: 'PAUSED' } : progress;
  const end = (state: 'DONE' | 'CANCELLED'): ReplayProgress => {
    progress = { ...progress, state };
    return progress;
  };
  setHandler(defineQuery<ReplayProgress>(QUERIES.progress), now);
  setHandler(defineSignal(SIGNALS.pause), () => {
    isPaused = true;
  });
  setHandler(defineSignal(SIGNALS.resume), () => {
    isPaused = false;
  });
  CancellationScope.current().cancelRequested.catch(() => {
    isCancelled = true;
  });

  return CancellationScope.nonCancellable(async () => {
    const { ratePerSecond, soFar: _before, ...wish } = input;
    const limit = Math.min(ratePerSecond, MOST_AT_ONCE);
    for (;;) {
      await condition(() => !isPaused || isCancelled);
      if (isCancelled) return end('CANCELLED');
      const beganAt = Date.now();
      const batch = await replayNext({ ...wish, after: progress.after, limit });
      progress = {
        replayed: batch.replayed,
        refused: sumOf(progress.refused, batch.refused),
        state: 'RUNNING',
        ...(batch.after ? { after: batch.after } : {}),
      };
      if (batch.tried < limit) return end('DONE');
      const waitMs = (batch.tried / ratePerSecond) * 1_000 - (Date.now() - beganAt);
      if (waitMs > 0) await condition(() => isCancelled, waitMs);
      if (workflowInfo().continueAsNewSuggested && !isCancelled)
        await continueAsNew<typeof deadLetterReplay>({ ...input, soFar: now() });
    }
  });
}

function sumOf(one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>): Record<string, number> {
  const sum = { ...one };
  for (const [code, count] of Object.entries(other)) sum[code] = (sum[code] ?? 0) + count;
  return sum;
}
