import { CancellationScope, condition } from '@temporalio/workflow';
import { isFinal } from '../../domain/failure';
import { describeFailure, type Failure } from './failure';
import type { Parking } from './parking';
import { type Resolution, type StepProgress, setState } from './step';

/**
 * Undoes steps, past each that fails, and never gives an undo up: it parks until a person decides about it, or a retry
 * succeeds because its provider is back.
 */
export class Compensation {
  /** Failed undos that are retried; each with the way to stop that, which waits for a try under way. */
  private readonly retries = new Map<StepProgress, { stop(): Promise<void> }>();

  constructor(
    private readonly parking: Parking,
    private readonly undoRetryMs: () => number,
  ) {}

  /** Undoes these steps in this order, however long it takes; a refusal that `mayStand` accepts ends its step's undo. */
  async undo(steps: readonly StepProgress[], mayStand: (refusal: Failure) => boolean = () => false): Promise<void> {
    const { parking } = this;
    const isStuck = ({ state, failure }: StepProgress) =>
      state === 'UNDO_FAILED' && !(failure && isFinal(failure.kind) && mayStand(failure));
    for (const entry of steps.filter(({ state }) => state !== 'UNDONE' && state !== 'SKIPPED')) {
      await this.tryUndo(entry);
      if (!isStuck(entry)) continue;
      // People can help with it before the remaining undos are done.
      parking.undos = [...parking.undos, entry];
      await parking.show();
    }
    if (!parking.hasUndos) return;
    while (parking.hasUndos) {
      await parking.show();
      await this.decisionOrRetry();
      parking.undos = parking.undos.filter(isStuck);
    }
    await parking.refuseAllLate();
    await parking.show();
  }

  /** Waits until a person has decided, which is then carried out, or the retry of an undo has ended. */
  private async decisionOrRetry(): Promise<void> {
    const { parking } = this;
    for (const entry of parking.undos) if (entry.failure && !isFinal(entry.failure.kind)) this.keepRetrying(entry);
    const retried = this.retries.size;
    // One may have ended already, while the parked steps were being shown.
    const hasEnded = () => this.retries.size < retried || parking.undos.some(({ state }) => state !== 'UNDO_FAILED');
    await condition(() => parking.hasUndoDecision || hasEnded());
    await parking.carryOutUndoDecisions(async (resolution) => {
      const entry = parking.undos.find(({ step }) => step.name === resolution.step);
      if (entry) await this.retries.get(entry)?.stop();
      if (entry?.state === 'UNDO_FAILED') await this.apply(entry, resolution);
      else await parking.refuseLate(resolution);
    });
  }

  private async apply(entry: StepProgress, resolution: Resolution): Promise<void> {
    if (!(await this.parking.isRecorded(resolution, () => entry.step.writeOff(resolution)))) return;
    if (resolution.decision === 'RETRY') await this.tryUndo(entry);
    else setState(entry, resolution.decision === 'SKIP' ? 'SKIPPED' : 'UNDONE');
  }

  private async tryUndo(entry: StepProgress): Promise<void> {
    setState(entry, 'UNDOING');
    try {
      await CancellationScope.nonCancellable(() => entry.step.undo());
      setState(entry, 'UNDONE');
    } catch (error) {
      setState(entry, 'UNDO_FAILED', describeFailure(error));
    }
  }

  /** Has a failed undo retried, unless it is already. */
  private keepRetrying(entry: StepProgress): void {
    if (this.retries.has(entry) || entry.state !== 'UNDO_FAILED') return;
    const everyMs = this.undoRetryMs();
    entry.retry = { at: Date.now() + everyMs, everyMs };
    const scope = new CancellationScope();
    const ended = scope
      .run(() => entry.step.retryUndo())
      .then(
        () => setState(entry, 'UNDONE'),
        (error: unknown) => {
          const failure = describeFailure(error);
          setState(entry, 'UNDO_FAILED', failure.kind === 'INTERRUPTED' ? undefined : failure);
        },
      )
      .finally(() => this.retries.delete(entry));
    const stop = () => {
      scope.cancel();
      return ended.then(() => undefined);
    };
    this.retries.set(entry, { stop });
  }
}
