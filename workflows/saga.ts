import { CancellationScope, condition } from '@temporalio/workflow';
import { isFinal } from '../domain/failure';
import type { StepState } from '../domain/saga-state';
import { describeFailure, type Failure } from './failures';

/** What a saga can take back, under one business key. */
export interface Undoable {
  readonly name: string;
  readonly attempt: number;
  /** Makes sure the effect is not there, whether or not `do` ever ran, is running or failed. */
  undo(): Promise<void>;
  /** The same where its provider is unavailable: tried again and again, until it is undone, refused or interrupted. */
  undoInTime(): Promise<void>;
  /** Records that a person ended this undo, so that the ledger balances. */
  writeOff(resolution: Resolution): Promise<void>;
}

/** One step of a saga: a do with the undo that belongs to it. */
export interface Step<Result = unknown> extends Undoable {
  /** One effect, however often it runs. */
  do(): Promise<Result>;
}

/** What a person decided about something that waits for a decision. */
export interface Resolution {
  readonly decisionId: string;
  readonly step: string;
  readonly decision: 'RETRY' | 'SKIP' | 'DONE_EXTERNALLY';
  readonly reason: string;
  readonly actor: string;
  readonly reference?: string;
}

/** The present state of a step. */
export interface StepProgress {
  readonly step: Undoable;
  state: StepState;
  failure?: Failure;
  /** A failed undo is tried again by itself: workflow time in ms of the first time, and the gap to each later one. */
  retry?: { readonly at: number; readonly everyMs: number };
}

/** A do that failed; its saga is still to be compensated. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
  constructor(
    readonly step: string,
    readonly failure: Failure,
  ) {
    super(`${step}: ${failure.message}`);
  }
}

/** Something that waits for a person: an undo, or what cannot be done, which can only be tried again. */
export interface ParkedAt {
  readonly step: string;
  /** Of a step; what is no step belongs to none. */
  readonly attempt?: number;
  readonly code: string;
  readonly isUndo: boolean;
}

/** Why a do failed, however it was thrown. */
export function failureOf(error: unknown): Failure {
  return error instanceof StepFailed ? error.failure : describeFailure(error);
}

export interface SagaHooks {
  /** Gap between two tries of an undo whose provider does not answer, while parked. */
  undoRetryMs(): number;
  /** What waits for a person has changed or was tried once more; empty: nothing waits any more. */
  parked(points: readonly ParkedAt[]): Promise<void>;
  /** Records a person's RETRY of what cannot be done. */
  recordRetry(resolution: Resolution): Promise<void>;
  /** A decision was not carried out; another may have the same id. */
  undecided(resolution: Resolution, why: string): Promise<void>;
  /** The saga is to end otherwise: what cannot be done is waited for no longer. */
  isGivenUp(): boolean;
}

/**
 * Runs steps and takes them back. Undo is registered before do; undo runs in reverse, continues past a failed one,
 * and is never given up: it parks until a person decides or the provider is back. What cannot succeed parks, too.
 */
export class Saga {
  readonly progress: StepProgress[] = [];
  private readonly decisions: Resolution[] = [];
  private readonly decided = new Set<string>();
  private stuck: readonly StepProgress[] = [];
  /** What cannot be done, by the name under which it is decided. */
  private readonly blocked = new Map<string, ParkedAt>();
  /** Failed undos that are tried again by themselves; each with the way to stop that, which waits for a try under way. */
  private readonly retrying = new Map<StepProgress, { stop(): Promise<void> }>();
  /** The step whose decision is being carried out. */
  private deciding: string | undefined;
  private running: CancellationScope | undefined;

  constructor(private readonly hooks: SagaHooks) {}

  /** Registers steps that may run, in their order: from now on `compensate` undoes them, remembered or not. */
  plan(...steps: readonly Undoable[]): void {
    for (const step of steps) this.progress.push({ step, state: 'PENDING' });
  }

  /** Does a step; throws StepFailed. A fault of ours waits for a person's RETRY. */
  async run<Result>(step: Step<Result>): Promise<Result> {
    const entry = this.entryOf(step) ?? this.register(step);
    for (;;) {
      this.set(entry, 'RUNNING');
      try {
        this.running = new CancellationScope();
        const result = await this.running.run(() => step.do());
        this.set(entry, 'DONE');
        return result;
      } catch (error) {
        const failure = describeFailure(error);
        this.set(entry, isFinal(failure.kind) ? 'FAILED' : 'UNKNOWN', failure);
        if (!(await this.mayTryAgain(step.name, failure, step.attempt))) throw new StepFailed(step.name, failure);
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
        if (!(await this.mayTryAgain(name, failure))) throw new StepFailed(name, failure);
      }
    }
  }

  /** Waits with a fault of ours until a person has it tried again: true; false: it is given up, or is no fault of ours. */
  private async mayTryAgain(name: string, failure: Failure, attempt?: number): Promise<boolean> {
    if (failure.kind !== 'PERMANENT') return false;
    const { code } = failure;
    this.blocked.set(name, { step: name, code, isUndo: false, ...(attempt === undefined ? {} : { attempt }) });
    await this.showParked();
    for (;;) {
      await condition(() => this.hooks.isGivenUp() || this.decisions.some(({ step }) => step === name));
      const resolution = this.takeDecision(({ step }) => step === name);
      if (resolution && !(await this.isRecorded(resolution, () => this.hooks.recordRetry(resolution)))) continue;
      this.blocked.delete(name);
      await this.showParked();
      return resolution !== undefined;
    }
  }

  /** Stops waiting for the call in flight; its outcome is then unknown, and its undo finds out. */
  interrupt(): void {
    this.running?.cancel();
  }

  /** The effect of a step whose undo was refused is there, and is to stay. */
  keep(step: Undoable): void {
    const entry = this.entryOf(step);
    if (entry) this.set(entry, 'DONE');
  }

  /**
   * Undoes one step ahead of all others, however long it takes. Returns the refusal that `mayStand` accepts: the
   * effect is then there to stay, and nothing else has been undone yet.
   */
  async undoFirst(step: Undoable, mayStand: (refusal: Failure) => boolean): Promise<Failure | undefined> {
    const entry = this.entryOf(step) ?? this.register(step);
    await this.undoAll([entry], mayStand);
    return entry.state === 'UNDO_FAILED' ? entry.failure : undefined;
  }

  /** Undoes these steps in reverse, all of them, however long it takes. */
  async compensate(isMeant: (step: Undoable) => boolean = () => true): Promise<void> {
    await this.undoAll(this.progress.filter((entry) => isMeant(entry.step)).reverse());
  }

  private async undoAll(meant: readonly StepProgress[], mayStand: (refusal: Failure) => boolean = () => false) {
    const isStuck = ({ state, failure }: StepProgress) =>
      state === 'UNDO_FAILED' && !(failure && isFinal(failure.kind) && mayStand(failure));
    for (const entry of meant.filter(isToUndo)) {
      await this.tryUndo(entry);
      if (!isStuck(entry)) continue;
      // Those who can help need not wait for the undos that are still to come.
      this.stuck = [...this.stuck, entry];
      await this.showParked();
    }
    if (this.stuck.length === 0) return;
    while (this.stuck.length > 0) {
      await this.showParked();
      await this.decisionOrNews();
      this.stuck = this.stuck.filter(isStuck);
    }
    // One that came while the undo went well by itself must not decide about a later attempt's.
    for (const late of this.decisions.splice(0)) await this.refuseLate(late);
    await this.showParked();
  }

  /** An undo waits for a person or for its provider. */
  get isParked(): boolean {
    return this.stuck.length > 0;
  }

  /** What cannot be done waits for a person. */
  get isBlocked(): boolean {
    return this.blocked.size > 0;
  }

  /** Why a person's decision is refused; undefined: it can be taken, or has been under the same decisionId. */
  whyNotDecidable({ decisionId, step, decision }: Resolution): string | undefined {
    if (this.decided.has(decisionId)) return undefined;
    const waiting = [...this.stuck.map((entry) => entry.step.name), ...this.blocked.keys()];
    if (waiting.length === 0) return 'nothing waits for a decision';
    if (!waiting.includes(step)) return `step ${step} does not wait for a decision; waiting: ${waiting.join(', ')}`;
    return this.blocked.has(step) && decision !== 'RETRY'
      ? `${step} cannot be ended by hand: decide RETRY once its cause is mended, or compensate`
      : undefined;
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

  private async showParked(): Promise<void> {
    const undos = this.stuck
      .filter(({ state }) => state === 'UNDO_FAILED')
      .map(({ step: { name, attempt }, failure }) => {
        return { step: name, attempt, code: failure?.code ?? 'UNDO_FAILED', isUndo: true };
      });
    await this.hooks.parked([...undos, ...this.blocked.values()]);
  }

  private takeDecision(isMeant: (resolution: Resolution) => boolean): Resolution | undefined {
    const index = this.decisions.findIndex(isMeant);
    return index < 0 ? undefined : this.decisions.splice(index, 1)[0];
  }

  /** Waits until a person has decided, which is then carried out, or an undo that is tried again has ended. */
  private async decisionOrNews(): Promise<void> {
    for (const entry of this.stuck) if (entry.failure && !isFinal(entry.failure.kind)) this.keepTrying(entry);
    const trying = this.retrying.size;
    const isOurs = ({ step }: Resolution) => !this.blocked.has(step);
    // One may have ended already, while what is parked was being shown.
    const hasEnded = () => this.retrying.size < trying || this.stuck.some(({ state }) => state !== 'UNDO_FAILED');
    await condition(() => this.decisions.some(isOurs) || hasEnded());
    for (let resolution = this.takeDecision(isOurs); resolution; resolution = this.takeDecision(isOurs)) {
      const { step } = resolution;
      const entry = this.stuck.find((candidate) => candidate.step.name === step);
      this.deciding = step;
      if (entry) await this.retrying.get(entry)?.stop();
      if (entry?.state === 'UNDO_FAILED') await this.apply(entry, resolution);
      else await this.refuseLate(resolution);
      this.deciding = undefined;
    }
  }

  /** Has a failed undo tried again by itself, unless it is already. */
  private keepTrying(entry: StepProgress): void {
    if (this.retrying.has(entry) || entry.state !== 'UNDO_FAILED') return;
    const everyMs = this.hooks.undoRetryMs();
    entry.retry = { at: Date.now() + everyMs, everyMs };
    const scope = new CancellationScope();
    const ended = scope
      .run(() => entry.step.undoInTime())
      .then(
        () => this.set(entry, 'UNDONE'),
        (error: unknown) => {
          const failure = describeFailure(error);
          this.set(entry, 'UNDO_FAILED', failure.kind === 'INTERRUPTED' ? undefined : failure);
        },
      )
      .finally(() => this.retrying.delete(entry));
    const stop = () => {
      scope.cancel();
      return ended.then(() => undefined);
    };
    this.retrying.set(entry, { stop });
  }

  /** Those who saw their decision taken are shown that it was not carried out. */
  private async refuseLate(resolution: Resolution): Promise<void> {
    this.decided.delete(resolution.decisionId);
    await this.hooks.undecided(resolution, `step ${resolution.step} does not wait for a decision any more`);
  }

  private async apply(entry: StepProgress, resolution: Resolution): Promise<void> {
    if (!(await this.isRecorded(resolution, () => entry.step.writeOff(resolution)))) return;
    if (resolution.decision === 'RETRY') await this.tryUndo(entry);
    else this.set(entry, resolution.decision === 'SKIP' ? 'SKIPPED' : 'UNDONE');
  }

  /** Carries a decision into the database; false: it could not be, and its id may be used again. */
  private async isRecorded(resolution: Resolution, record: () => Promise<void>): Promise<boolean> {
    this.deciding = resolution.step;
    try {
      await CancellationScope.nonCancellable(record);
      return true;
    } catch (error) {
      const { code } = describeFailure(error);
      this.decided.delete(resolution.decisionId);
      await this.hooks.undecided(resolution, `${resolution.decision} could not be carried out: ${code}`);
      return false;
    } finally {
      this.deciding = undefined;
    }
  }

  private async tryUndo(entry: StepProgress): Promise<void> {
    this.set(entry, 'UNDOING');
    try {
      await CancellationScope.nonCancellable(() => entry.step.undo());
      this.set(entry, 'UNDONE');
    } catch (error) {
      this.set(entry, 'UNDO_FAILED', describeFailure(error));
    }
  }

  private register(step: Undoable): StepProgress {
    this.plan(step);
    return this.progress[this.progress.length - 1] as StepProgress;
  }

  private entryOf(step: Undoable): StepProgress | undefined {
    return this.progress.find((entry) => entry.step.name === step.name && entry.step.attempt === step.attempt);
  }

  private set(entry: StepProgress, state: StepState, failure?: Failure): void {
    entry.state = state;
    delete entry.retry;
    if (failure) entry.failure = failure;
  }
}

function isToUndo(entry: StepProgress): boolean {
  return entry.state !== 'UNDONE' && entry.state !== 'SKIPPED';
}
