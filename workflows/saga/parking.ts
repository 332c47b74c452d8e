import { CancellationScope, condition } from '@temporalio/workflow';
import { describeFailure, type Failure } from './failure';
import type { Parked, Resolution, StepProgress } from './step';

/** What a saga needs from the workflow that it belongs to. */
export interface SagaHooks {
  /** The time until a failed undo is retried, and between its retries. */
  undoRetryMs(): number;
  /** What waits for a person has changed or was retried; empty: nothing waits any more. */
  showParked(points: readonly Parked[]): Promise<void>;
  /** Records a person's RETRY of what cannot be done. */
  recordRetry(resolution: Resolution): Promise<void>;
  /** Records that a decision was not carried out; its id may be used again. */
  refuseDecision(resolution: Resolution, why: string): Promise<void>;
  /** The saga is to end otherwise: it waits no longer for what cannot be done. */
  isGivenUp(): boolean;
}

/** What of a saga waits for a person, and what people have decided about it. */
export class Parking {
  /** Undos that failed. */
  undos: readonly StepProgress[] = [];
  /** What cannot be done, by the name under which it is decided. */
  private readonly blocked = new Map<string, Parked>();
  private readonly decisions: Resolution[] = [];
  private readonly decided = new Set<string>();
  /** The step whose decision is being carried out. */
  private deciding: string | undefined;

  constructor(private readonly hooks: SagaHooks) {}

  /** An undo waits for a person or for its provider. */
  get hasUndos(): boolean {
    return this.undos.length > 0;
  }

  /** What cannot be done waits for a person. */
  get isBlocked(): boolean {
    return this.blocked.size > 0;
  }

  async show(): Promise<void> {
    const undos = this.undos
      .filter(({ state }) => state === 'UNDO_FAILED')
      .map(({ step: { name, attempt }, failure }) => {
        return { step: name, attempt, code: failure?.code ?? 'UNDO_FAILED', isUndo: true };
      });
    await this.hooks.showParked([...undos, ...this.blocked.values()]);
  }

  /** Parks what failed by a fault of ours until a person has it retried: true; false: it is given up, or no such fault. */
  async mayRetry(name: string, { kind, code }: Failure, attempt?: number): Promise<boolean> {
    if (kind !== 'PERMANENT') return false;
    this.blocked.set(name, { step: name, code, isUndo: false, ...(attempt === undefined ? {} : { attempt }) });
    await this.show();
    const isMeant = ({ step }: Resolution) => step === name;
    for (;;) {
      await condition(() => this.hooks.isGivenUp() || this.decisions.some(isMeant));
      const resolution = this.takeDecision(isMeant);
      if (resolution && !(await this.isRecorded(resolution, () => this.hooks.recordRetry(resolution)))) continue;
      this.blocked.delete(name);
      await this.show();
      return resolution !== undefined;
    }
  }

  /** Why a person's decision is refused; undefined: it can be taken, or has been under the same decisionId. */
  whyNotDecidable({ decisionId, step, decision }: Resolution): string | undefined {
    if (this.decided.has(decisionId)) return undefined;
    const waiting = [...this.undos.map((entry) => entry.step.name), ...this.blocked.keys()];
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
    const isRetried = this.undos.some((entry) => entry.step.name === step && entry.state === 'UNDOING');
    return isRetried ? `the undo of ${step} is being tried again: ask once more in a moment` : undefined;
  }

  /** Takes a person's decision; the same decisionId again is the same decision. */
  decide(resolution: Resolution): void {
    if (this.decided.has(resolution.decisionId)) return;
    this.decided.add(resolution.decisionId);
    this.decisions.push(resolution);
  }

  get hasUndoDecision(): boolean {
    return this.decisions.some((resolution) => this.isOfUndo(resolution));
  }

  /** Has every decision about an undo carried out, one after the other. */
  async carryOutUndoDecisions(carryOut: (resolution: Resolution) => Promise<void>): Promise<void> {
    const next = () => this.takeDecision((resolution) => this.isOfUndo(resolution));
    for (let resolution = next(); resolution; resolution = next()) {
      this.deciding = resolution.step;
      await carryOut(resolution);
      this.deciding = undefined;
    }
  }

  /** Records a decision in the database; false: it could not be, and its id may be used again. */
  async isRecorded(resolution: Resolution, record: () => Promise<void>): Promise<boolean> {
    this.deciding = resolution.step;
    try {
      await CancellationScope.nonCancellable(record);
      return true;
    } catch (error) {
      const { code } = describeFailure(error);
      await this.refuse(resolution, `${resolution.decision} could not be carried out: ${code}`);
      return false;
    } finally {
      this.deciding = undefined;
    }
  }

  /** The undo that was decided about has succeeded by itself meanwhile. */
  async refuseLate(resolution: Resolution): Promise<void> {
    await this.refuse(resolution, `step ${resolution.step} does not wait for a decision any more`);
  }

  /** A decision that came while an undo succeeded by itself must not decide about a later attempt's. */
  async refuseAllLate(): Promise<void> {
    for (const late of this.decisions.splice(0)) await this.refuseLate(late);
  }

  private async refuse(resolution: Resolution, why: string): Promise<void> {
    this.decided.delete(resolution.decisionId);
    await this.hooks.refuseDecision(resolution, why);
  }

  private isOfUndo({ step }: Resolution): boolean {
    return !this.blocked.has(step);
  }

  private takeDecision(isMeant: (resolution: Resolution) => boolean): Resolution | undefined {
    const index = this.decisions.findIndex(isMeant);
    return index < 0 ? undefined : this.decisions.splice(index, 1)[0];
  }
}
