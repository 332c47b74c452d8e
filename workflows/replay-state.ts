import { CancellationScope, defineQuery, defineSignal, isCancellation, setHandler } from '@temporalio/workflow';
import type { ReplayedBatch } from '../activities/dead-letters';
import { SIGNALS } from '../contracts/workflow/messages';
import {
  QUERIES,
  REPLAY_ACTIONS,
  type ReplayAction,
  type ReplayControl,
  type ReplayProgress,
} from '../contracts/workflow-api';
import { holdsCardNumber, isStorable } from '../domain/external-text';

const CONTROLS_KEPT = 20;
const MAX_TEXT = 500;

/** How far a replay of many dead letters is, and what its operators' signals have it do. */
export class ReplayState {
  isPaused: boolean;
  isCancelled = false;
  private progress: ReplayProgress;
  private batch: CancellationScope | undefined;

  constructor(soFar: ReplayProgress | undefined) {
    this.progress = { replayed: 0, refused: {}, steered: [], ...soFar, state: 'RUNNING' };
    this.isPaused = soFar?.state === 'PAUSED';
    setHandler(defineQuery<ReplayProgress>(QUERIES.progress), () => this.now);
    for (const action of REPLAY_ACTIONS)
      setHandler(defineSignal<[unknown]>(SIGNALS[action]), (message) => this.control(controlOf(action, message)));
  }

  get now(): ReplayProgress {
    const isShownPaused = this.isPaused && this.progress.state === 'RUNNING';
    return isShownPaused ? { ...this.progress, state: 'PAUSED' } : this.progress;
  }

  cancelledInTemporal(): void {
    this.control(controlOf('cancel', { reason: 'cancelled in Temporal' }));
  }

  /** Runs a batch; undefined: a pause or a cancel ended it, and the next one counts what it had replayed. */
  async run(send: (progress: ReplayProgress) => Promise<ReplayedBatch>): Promise<ReplayedBatch | undefined> {
    const scope = new CancellationScope();
    this.batch = scope;
    try {
      return await scope.run(() => send(this.progress));
    } catch (error) {
      if (scope.consideredCancelled && isCancellation(error)) return undefined;
      throw error;
    }
  }

  count({ replayed, refused, after }: ReplayedBatch): void {
    const sum = { ...this.progress.refused };
    for (const [code, count] of Object.entries(refused)) sum[code] = (sum[code] ?? 0) + count;
    this.progress = { ...this.progress, replayed, refused: sum, ...(after ? { after } : {}) };
  }

  end(state: 'DONE' | 'CANCELLED'): ReplayProgress {
    this.progress = { ...this.progress, state };
    return this.progress;
  }

  private control(control: ReplayControl): void {
    const { action, decisionId } = control;
    const { steered } = this.progress;
    // By both: the api checks the id as well, but can't while no worker responds.
    const isSame = (before: ReplayControl) => before.decisionId === decisionId && before.action === action;
    if (decisionId !== undefined && steered.some(isSame)) return;
    this.progress = { ...this.progress, steered: [...steered, control].slice(-CONTROLS_KEPT) };
    if (action === 'cancel') this.isCancelled = true;
    else this.isPaused = action === 'pause';
    // A batch that fails is retried without end: a pause or a cancel must end it.
    if (action !== 'resume') this.batch?.cancel();
  }
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
