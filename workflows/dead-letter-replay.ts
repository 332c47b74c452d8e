import { CancellationScope, condition, continueAsNew, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities';
import type { DeadLetterReplayInput, ReplayProgress } from '../contracts/workflow-api';
import { ReplayState } from './replay-state';

/** Small, so that a pause takes effect soon. */
const MOST_AT_ONCE = 50;

const { replayNext } = proxyActivities<Activities>({
  // A batch takes a fraction of a second; a crashed worker is waited for no longer than this.
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

/** Replays many dead letters, so many a second; it can be paused, resumed and cancelled, and survives every crash. */
export async function deadLetterReplay(input: DeadLetterReplayInput): Promise<ReplayProgress> {
  const state = new ReplayState(input.soFar);
  CancellationScope.current().cancelRequested.catch(() => state.cancelledInTemporal());
  return CancellationScope.nonCancellable(() => replayAll(input, state));
}

async function replayAll(input: DeadLetterReplayInput, state: ReplayState): Promise<ReplayProgress> {
  const { ratePerSecond, soFar: _soFar, ...command } = input;
  const limit = Math.min(ratePerSecond, MOST_AT_ONCE);
  for (;;) {
    await condition(() => !state.isPaused || state.isCancelled);
    if (state.isCancelled) return state.end('CANCELLED');
    const sent = state.run(({ after }) => replayNext({ ...command, after, limit }));
    // A batch takes as long as its rate demands, also where a pause ends it; a timer, so that a replay makes the same commands.
    const [batch] = await Promise.all([sent, condition(() => state.isCancelled, (limit / ratePerSecond) * 1_000)]);
    if (!batch) continue;
    state.count(batch);
    if (batch.tried < limit) return state.end('DONE');
    if (workflowInfo().continueAsNewSuggested && !state.isCancelled)
      await continueAsNew<typeof deadLetterReplay>({ ...input, soFar: state.now });
  }
}
