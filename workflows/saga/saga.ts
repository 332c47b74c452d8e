import { CancellationScope } from '@temporalio/workflow';
import { isFinal } from '../../domain/failure';
import { Compensation } from './compensation';
import { describeFailure, type Failure } from './failure';
import { Parking, type SagaHooks } from './parking';
import { type Step, StepFailed, type StepProgress, setState, type Undoable } from './step';

/**
 * Runs steps and undoes them. An undo is registered before its do; undos run in reverse, continue past a failed one, and
 * are never given up. What cannot succeed parks until a person decides about it.
 */
export class Saga {
  readonly progress: StepProgress[] = [];
  readonly parking: Parking;
  private readonly compensation: Compensation;
  private running: CancellationScope | undefined;

  constructor(hooks: SagaHooks) {
    this.parking = new Parking(hooks);
    this.compensation = new Compensation(this.parking, () => hooks.undoRetryMs());
  }

  /** Registers steps that may run, in their order: from now on `compensate` undoes them, remembered or not. */
  plan(...steps: readonly Undoable[]): void {
    for (const step of steps) this.entryOf(step);
  }

  /** Forgets steps that were registered and can't have run. */
  forget(isMeant: (step: Undoable) => boolean): void {
    const kept = this.progress.filter(({ step }) => !isMeant(step));
    this.progress.splice(0, this.progress.length, ...kept);
  }

  /** Does a step; throws StepFailed. A fault of ours waits for a person's RETRY. */
  async run<Result>(step: Step<Result>): Promise<Result> {
    const entry = this.entryOf(step);
    for (;;) {
      setState(entry, 'RUNNING');
      try {
        this.running = new CancellationScope();
        const result = await this.running.run(() => step.do());
        setState(entry, 'DONE');
        return result;
      } catch (error) {
        const failure = describeFailure(error);
        setState(entry, isFinal(failure.kind) ? 'FAILED' : 'UNKNOWN', failure);
        if (!(await this.parking.mayRetry(step.name, failure, step.attempt))) throw new StepFailed(step.name, failure);
      } finally {
        this.running = undefined;
      }
    }
  }

  /** Does what must succeed for the saga to go on; a fault of ours waits for a person's RETRY. Throws StepFailed where that is given up. */
  async ensure<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const failure = describeFailure(error);
        if (failure.kind !== 'PERMANENT') throw error;
        if (!(await this.parking.mayRetry(name, failure))) throw new StepFailed(name, failure);
      }
    }
  }

  /** Stops waiting for the call in flight; its outcome is then unknown, and its undo finds out. */
  interrupt(): void {
    this.running?.cancel();
  }

  /** The effect of a step whose undo was refused is there, and is to stay. */
  keep(step: Undoable): void {
    setState(this.entryOf(step), 'DONE');
  }

  /**
   * Undoes one step ahead of all others, however long it takes. Returns the refusal that `mayStand` accepts: the
   * effect is then there to stay, and nothing else has been undone yet.
   */
  async undoFirst(step: Undoable, mayStand: (refusal: Failure) => boolean): Promise<Failure | undefined> {
    const entry = this.entryOf(step);
    await this.compensation.undo([entry], mayStand);
    return entry.state === 'UNDO_FAILED' ? entry.failure : undefined;
  }

  /** Undoes these steps in reverse, all of them, however long it takes. */
  async compensate(isMeant: (step: Undoable) => boolean = () => true): Promise<void> {
    await this.compensation.undo(this.progress.filter(({ step }) => isMeant(step)).reverse());
  }

  private entryOf(step: Undoable): StepProgress {
    const isSame = (entry: StepProgress) => entry.step.name === step.name && entry.step.attempt === step.attempt;
    const known = this.progress.find(isSame);
    if (known) return known;
    const entry: StepProgress = { step, state: 'PENDING' };
    this.progress.push(entry);
    return entry;
  }
}
