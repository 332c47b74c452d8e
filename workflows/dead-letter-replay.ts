import {
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities';
import {
  type DeadLetterReplayInput,
  QUERIES,
  REPLAY_ACTIONS,
  type ReplayAction,
  type ReplayControl,
  type ReplayProgress,
  SIGNALS,
} from '../contracts/workflow-api';
import { holdsCardNumber, isStorable } from '../domain/external-text';

/** Small, so that a pause takes effect soon. */
const MOST_AT_ONCE = 50;
const CONTROLS_KEPT = 20;
const MAX_TEXT = 500;

const { replayNext } = proxyActivities<Activities>({
  // A batch takes a fraction of a second; a crashed worker is waited for no longer than this.
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

/** Replays many dead letters, so many a second; it can be paused, resumed and cancelled, and survives every crash. */
export async function deadLetterReplay(input: DeadLetterReplayInput): Promise<ReplayProgress> {
  const { ratePerSecond, soFar, ...command } = input;
  const limit = Math.min(ratePerSecond, MOST_AT_ONCE);
  let progress: ReplayProgress = { replayed: 0, refused: {}, steered: [], ...soFar, state: 'RUNNING' };
  let isPaused = soFar?.state === 'PAUSED';
  let isCancelled = false;
  let batchScope: CancellationScope | undefined;

  const now = (): ReplayProgress =>
    isPaused && progress.state === 'RUNNING' ? { ...progress, state: 'PAUSED' } : progress;
  const end = (state: 'DONE' | 'CANCELLED'): ReplayProgress => {
    progress = { ...progress, state };
    return progress;
  };
  const control = (control: ReplayControl): void => {
    const { action, decisionId } = control;
    // By both: the api checks the id as well, but can't while no worker responds.
    const isSame = (before: ReplayControl) => before.decisionId === decisionId && before.action === action;
    if (decisionId !== undefined && progress.steered.some(isSame)) return;
    progress = { ...progress, steered: [...progress.steered, control].slice(-CONTROLS_KEPT) };
    if (action === 'cancel') isCancelled = true;
    else isPaused = action === 'pause';
    // A batch that fails is retried without end: a pause or a cancel must end it.
    if (action !== 'resume') batchScope?.cancel();
  };
  setHandler(defineQuery<ReplayProgress>(QUERIES.progress), now);
  for (const action of REPLAY_ACTIONS)
    setHandler(defineSignal<[unknown]>(SIGNALS[action]), (message) => control(controlOf(action, message)));
  CancellationScope.current().cancelRequested.catch(() =>
    control(controlOf('cancel', { reason: 'cancelled in Temporal' })),
  );

  /** Undefined: a pause or a cancel ended it; what it had replayed is counted with the next one. */
  const sendBatch = async () => {
    const scope = new CancellationScope();
    batchScope = scope;
    try {
      return await scope.run(() => replayNext({ ...command, after: progress.after, limit }));
    } catch (error) {
      if (scope.consideredCancelled && isCancellation(error)) return undefined;
      throw error;
    }
  };

  /** Waits as long as a whole batch may take, also where a pause ends it. */
  const pace = () => condition(() => isCancelled, (limit / ratePerSecond) * 1_000);

  return CancellationScope.nonCancellable(async () => {
    for (;;) {
      await condition(() => !isPaused || isCancelled);
      if (isCancelled) return end('CANCELLED');
      // The pace is a timer beside the batch, not a look at the clock: a replay must make the same commands.
      const [batch] = await Promise.all([sendBatch(), pace()]);
      if (!batch) continue;
      progress = {
        ...progress,
        replayed: batch.replayed,
        refused: sumOf(progress.refused, batch.refused),
        ...(batch.after ? { after: batch.after } : {}),
      };
      if (batch.tried < limit) return end('DONE');
      if (workflowInfo().continueAsNewSuggested && !isCancelled)
        await continueAsNew<typeof deadLetterReplay>({ ...input, soFar: now() });
    }
  });
}

/** A signal's readable fields; the time is that of its arrival where it has none. */
function controlOf(action: ReplayAction, message: unknown): ReplayControl {
  const fields = (typeof message === 'object' && message !== null ? message : {}) as Record<string, unknown>;
  const text = (name: string) => {
    const value = fields[name];
    const kept = typeof value === 'string' ? value.slice(0, MAX_TEXT) : '';
    return kept !== '' && isStorable(kept) && !holdsCardNumber(kept) ? { [name]: kept } : {};
  };
  return {
    action,
    at: new Date().toISOString(),
    ...text('decisionId'),
    ...text('actor'),
    ...text('reason'),
    ...text('at'),
  };
}

function sumOf(one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>): Record<string, number> {
  const sum = { ...one };
  for (const [code, count] of Object.entries(other)) sum[code] = (sum[code] ?? 0) + count;
  return sum;
}
