import { CancellationScope, condition, patched } from '@temporalio/workflow';
import type { StepState } from '../domain/saga-state';
import { describeFailure, type Failure } from './failures';

/** One step of a saga: a do and the undo that belongs to it, under one business key. */
export interface Step<Result = unknown> {
  readonly name: string;
  readonly attempt: number;
  /** One effect, however often it runs. */
  do(): Promise<Result>;
  /** Makes sure the effect is not there, whether or not `do` ever ran, is running or failed. */
  undo(): Promise<void>;
  /** Writes down that a person ended this undo, so that the books still add up. */
  writeOff(resolution: Resolution): Promise<void>;
}

/** What a person decided about an undo that failed. */
export interface Resolution {
  readonly decisionId: string;
  readonly step: string;
  readonly decision: 'RETRY' | 'SKIP' | 'DONE_EXTERNALLY';
  readonly reason: string;
  readonly actor: string;
  readonly reference?: string;
}

/** A step as it stands. */
export interface StepProgress {
  readonly step: Step;
  state: StepState;
  error?: string;
  failure?: Failure;
  /** Workflow time in ms; when a failed undo is tried again by itself. */
  nextRetryAt?: number;
}

/** A do that came to nothing; its saga is still to be compensated. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
  constructor(
    readonly step: string,
    readonly failure: Failure,
  ) {
    super(`${step}: ${failure.message}`);
  }
}

export interface SagaHooks {
  /** Gap between two tries of an undo whose provider does not answer, while parked. */
  undoRetryMs(): number;
  /** An undo needs a person, or a provider that is away: the saga waits from here on. */
  parked(stuck: readonly StepProgress[]): Promise<void>;
  /** Something was tried or decided, and the saga waits on. */
  stillParked(): void;
  /** A decision was not carried out; another may have the same id. */
  undecided(resolution: Resolution, why: string): Promise<void>;
  unparked(): Promise<void>;
}

/**
 * Runs steps and takes them back. Undo is registered before do; undo runs in reverse, goes on past a failed one,
 * and is never given up: it parks until a person decides or the provider is back.
 */
export class Saga {
  readonly progress: StepProgress[] = [];
  private readonly decisions: Resolution[] = [];
  private readonly decided = new Set<string>();
  private stuck: readonly StepProgress[] = [];
  /** The step that a decision is being carried out about. */
  private deciding: string | undefined;
  private running: CancellationScope | undefined;

  constructor(private readonly hooks: SagaHooks) {}

  /** Registers steps that may run, in their order: from now on `compensate` undoes them, remembered or not. */
  plan(...steps: readonly Step[]): void {
    for (const step of steps) this.progress.push({ step, state: 'PENDING' });
  }

  /** Does a step; throws StepFailed. */
  async run<Result>(step: Step<Result>): Promise<Result> {
    const entry = this.entryOf(step) ?? this.register(step);
    this.set(entry, 'RUNNING');
    try {
      this.running = new CancellationScope();
      const result = await this.running.run(() => step.do());
      this.set(entry, 'DONE');
      return result;
    } catch (error) {
      const failure = describeFailure(error);
      this.set(entry, failure.final ? 'FAILED' : 'UNKNOWN', failure);
      throw new StepFailed(step.name, failure);
    } finally {
      this.running = undefined;
    }
  }

  /** Stops waiting for the call in flight; its outcome is then unknown, and its undo finds out. */
  interrupt(): void {
    this.running?.cancel();
  }

  /** The effect of a step whose undo was refused stands, and is to stand. */
  keep(step: Step): void {
    const entry = this.entryOf(step);
    if (entry) this.set(entry, 'DONE');
  }

  /**
   * Undoes one step ahead of all others, however long it takes. Returns the refusal that `mayStand` accepts: the
   * effect is then there to stay, and nothing else has been undone yet.
   */
  async undoFirst(step: Step, mayStand: (refusal: Failure) => boolean): Promise<Failure | undefined> {
    const entry = this.entryOf(step) ?? this.register(step);
    await this.undoAll([entry], mayStand);
    return entry.state === 'UNDO_FAILED' ? entry.failure : undefined;
  }

  /** Undoes these steps in reverse, all of them, however long it takes. */
  async compensate(isMeant: (step: Step) => boolean = () => true): Promise<void> {
    await this.undoAll(this.progress.filter((entry) => isMeant(entry.step)).reverse());
  }

  private async undoAll(meant: readonly StepProgress[], mayStand: (refusal: Failure) => boolean = () => false) {
    const isStuck = ({ state, failure }: StepProgress) =>
      state === 'UNDO_FAILED' && !(failure?.final && mayStand(failure));
    for (const entry of meant.filter(isToUndo)) await this.tryUndo(entry);
    this.stuck = meant.filter(isStuck);
    if (this.stuck.length === 0) return;
    await this.hooks.parked(this.stuck);
    while (this.stuck.length > 0) {
      await this.decisionOrRetryTime();
      this.stuck = this.stuck.filter(isStuck);
      if (this.stuck.length > 0) this.hooks.stillParked();
    }
    // One that came while the undo went well by itself must not decide about a later attempt's.
    for (const late of this.decisions.splice(0)) await this.refuseLate(late);
    await this.hooks.unparked();
  }

  get isParked(): boolean {
    return this.stuck.length > 0;
  }

  /** Why a person's decision is refused; undefined: it can be taken, or has been under the same decisionId. */
  whyNotDecidable({ decisionId, step }: Resolution): string | undefined {
    if (this.decided.has(decisionId)) return undefined;
    if (!this.isParked) return 'nothing waits for a decision';
    const waiting = this.stuck.map((entry) => entry.step.name);
    return waiting.includes(step)
      ? undefined
      : `step ${step} does not wait for a decision; waiting: ${waiting.join(', ')}`;
  }

  /** Why a decision would come second; it may only be asked where nothing is replayed. */
  whyNotNow({ decisionId, step }: Resolution): string | undefined {
    if (this.decided.has(decisionId)) return undefined;
    if (this.deciding === step || this.decisions.some((other) => other.step === step))
      return `another decision about step ${step} is being carried out`;
    const isTried = this.stuck.some((entry) => entry.step.name === step && entry.state === 'UNDOING');
    return isTried ? `the undo of ${step} is being tried again: ask once more in a moment` : undefined;
  }

  /** Takes a person's decision; the same decisionId again is the same decision. */
  decide(resolution: Resolution): void {
    if (this.decided.has(resolution.decisionId)) return;
    this.decided.add(resolution.decisionId);
    this.decisions.push(resolution);
  }

  private async decisionOrRetryTime(): Promise<void> {
    const retryTimes = this.stuck.flatMap((entry) => entry.nextRetryAt ?? []);
    const hasDecision = () => this.decisions.length > 0;
    if (retryTimes.length === 0) await condition(hasDecision);
    else await condition(hasDecision, Math.max(1, Math.min(...retryTimes) - Date.now()));
    for (let resolution = this.decisions.shift(); resolution; resolution = this.decisions.shift()) {
      const { step } = resolution;
      const entry = this.stuck.find((candidate) => candidate.step.name === step && candidate.state === 'UNDO_FAILED');
      this.deciding = step;
      if (entry) await this.apply(entry, resolution);
      else await this.refuseLate(resolution);
      this.deciding = undefined;
    }
    const now = Date.now();
    for (const entry of this.stuck) {
      if (entry.state === 'UNDO_FAILED' && entry.nextRetryAt !== undefined && entry.nextRetryAt <= now)
        await this.tryUndo(entry);
    }
  }

  /** Whoever was told that his decision is taken hears that it came to nothing. */
  private async refuseLate(resolution: Resolution): Promise<void> {
    if (!patched('late-decisions-are-told')) return;
    this.decided.delete(resolution.decisionId);
    await this.hooks.undecided(resolution, `step ${resolution.step} does not wait for a decision any more`);
  }

  private async apply(entry: StepProgress, resolution: Resolution): Promise<void> {
    try {
      await CancellationScope.nonCancellable(() => entry.step.writeOff(resolution));
    } catch (error) {
      entry.error = `${resolution.decision} could not be carried out: ${describeFailure(error).message}`;
      this.decided.delete(resolution.decisionId);
      await this.hooks.undecided(resolution, entry.error);
      return;
    }
    if (resolution.decision === 'RETRY') await this.tryUndo(entry);
    else this.set(entry, resolution.decision === 'SKIP' ? 'SKIPPED' : 'UNDONE');
  }

  private async tryUndo(entry: StepProgress): Promise<Failure | undefined> {
    this.set(entry, 'UNDOING');
    try {
      await CancellationScope.nonCancellable(() => entry.step.undo());
      this.set(entry, 'UNDONE');
      return undefined;
    } catch (error) {
      const failure = describeFailure(error);
      this.set(entry, 'UNDO_FAILED', failure);
      if (!failure.final) entry.nextRetryAt = Date.now() + this.hooks.undoRetryMs();
      return failure;
    }
  }

  private register(step: Step): StepProgress {
    this.plan(step);
    return this.progress[this.progress.length - 1] as StepProgress;
  }

  private entryOf(step: Step): StepProgress | undefined {
    return this.progress.find((entry) => entry.step.name === step.name && entry.step.attempt === step.attempt);
  }

  private set(entry: StepProgress, state: StepState, failure?: Failure): void {
    entry.state = state;
    delete entry.nextRetryAt;
    if (failure) {
      entry.error = failure.message;
      entry.failure = failure;
    }
  }
}

function isToUndo(entry: StepProgress): boolean {
  return entry.state !== 'UNDONE' && entry.state !== 'SKIPPED';
}
