import { Context } from '@temporalio/activity';
import {
  type AttemptStep,
  firstPlannedOf,
  isStep,
  type OrderFacts,
  type Planned,
  type ProviderStep,
  plannedBy,
} from '../contracts/workflow/attempt-steps';
import {
  type AttemptCall,
  type BegunAttempt,
  type BegunStep,
  beginAttempt,
  beginStep,
  callInOrder,
  finishStep,
  makeMove,
  type Settled,
  type StepOutcome,
} from '../db/attempts';
import type { Db } from '../db/connection';
import { type Beginning, beginningOf, measureSettled, settlementOf } from './attempt';
import { stepsBefore } from './attempt-fence';
import { asFailure, kindOf } from './failure';
import type { SagaMeter } from './saga-meter';
import type { RequestStepCall } from './step-call';
import { isDone } from './step-outcome';

type DatabaseStep = Extract<AttemptStep, { kind: 'database' }>;

export interface WholeAttemptDependencies {
  readonly db: Db;
  /** After so long no further step is begun: a workflow task waits for this. */
  readonly fastMs: number;
  /** What each step at a provider asks of it. */
  readonly work: Readonly<Record<ProviderStep['name'], (step: BegunStep) => Promise<StepOutcome>>>;
  /** The steps in our own database. */
  readonly database: Readonly<Record<DatabaseStep['do'], (call: RequestStepCall & { atMs: number }) => Promise<void>>>;
  /** Notifies those who watch the order. */
  readonly announce: (orderId: number) => void;
  readonly meter?: SagaMeter | undefined;
}

export interface WholeAttempt extends RequestStepCall {
  readonly order: OrderFacts;
  readonly atMs: number;
}

/**
 * An attempt at once, where all goes well: the same steps with the same records as one by one, but the end of each and the
 * beginning of the next share a transaction. Whatever does not go well ends it: its workflow then takes every step by
 * itself, finds those that are done, and knows what to do about the one that is not.
 */
export function createWholeAttempt(deps: WholeAttemptDependencies) {
  return {
    /** Accepts a request as `beginAttempt` does, and brings the attempt to its good end if it can. */
    async tryAttempt(call: WholeAttempt): Promise<Beginning> {
      const run = new AttemptRun(deps, call);
      const beginning = await run.begin();
      if (!beginning.accepted || beginning.ended) return beginning;
      if (await run.reachesItsEnd(beginning)) return { ...beginning, ended: 'DONE' };
      return run.tried ? { ...beginning, tried: run.tried } : beginning;
    },
  };
}

/** A step that has just been refused; a record of one is read by `isDone`. */
const isRefusal = (result: unknown) =>
  typeof result === 'object' && result !== null && 'refusedCode' in result && !('state' in result);

type Accepted = Extract<Beginning, { accepted: true }>;

/** The attempt goes no further this way. */
class AttemptStopped extends Error {}

class AttemptRun {
  /** The step whose provider is being asked. */
  tried: ProviderStep['name'] | undefined;
  private readonly startedAt = performance.now();
  /** Of each activity whose work is done. */
  private readonly durationsMs = new Map<string, number>();
  private readonly key: RequestStepCall;
  /** Calls that share the next transaction. */
  private pending: AttemptCall<unknown>[] = [];
  /** The step that has begun with the attempt. */
  private first: { readonly planned: Planned; readonly begun: BegunStep } | undefined;

  constructor(
    private readonly deps: WholeAttemptDependencies,
    private readonly whole: WholeAttempt,
  ) {
    const { orderId, attempt, eventId, retryCount } = whole;
    this.key = { orderId, attempt, eventId, retryCount };
  }

  /** The workflow's time, in ms, as it has gone on since. */
  private get now(): number {
    return this.whole.atMs + this.elapsedMs;
  }

  private get elapsedMs(): number {
    return performance.now() - this.startedAt;
  }

  async begin(): Promise<Beginning> {
    const first = firstPlannedOf(this.whole.order);
    const isAtProvider = first?.kind === 'provider';
    const calls = [
      beginAttempt(this.key, new Date(this.whole.atMs)),
      ...(isAtProvider ? [beginStep(this.key, first.name)] : []),
    ];
    const [beginning, begun] = (await callInOrder(this.deps.db, calls)) as [BegunAttempt, BegunStep?];
    if (begun && first) this.first = { planned: first, begun };
    return beginningOf(beginning);
  }

  /** False: a step or the settlement has failed, or there is no time left. */
  async reachesItsEnd(facts: Accepted): Promise<boolean> {
    const { key } = this;
    try {
      for (const planned of plannedBy(facts)) {
        const beganAtMs = this.elapsedMs;
        await this.do(planned, facts);
        this.durationsMs.set(planned.do, this.elapsedMs - beganAtMs);
      }
      const settled = { ...key, stored: facts.warehouseStorage, atMs: this.now };
      this.pending.push(settlementOf(settled, stepsBefore(facts)));
      this.measure(facts, (await this.flush()) as Settled);
      return true;
    } catch (error) {
      // The workflow takes the step by itself, and sees why it fails. What was done and is not recorded yet is recorded now; where
      // that fails, it is looked up.
      if (!(error instanceof AttemptStopped) && kindOf(asFailure(error)) === 'UNEXPECTED')
        Context.current().log.warn('an attempt is taken step by step', { error });
      await this.flush().catch(() => undefined);
      return false;
    }
  }

  private measure(facts: Accepted, settled: Settled): void {
    const { meter } = this.deps;
    for (const [activity, ms] of this.durationsMs) meter?.done(activity, ms);
    measureSettled(meter, facts.warehouseStorage, settled);
  }

  private async do(planned: Planned, facts: Accepted): Promise<void> {
    if (!isStep(planned)) {
      this.pending.push(makeMove(planned.do, this.key, stepsBefore(facts, planned.do), new Date(this.now)));
      return;
    }
    if (this.elapsedMs > this.deps.fastMs) throw new AttemptStopped();
    if (planned.kind === 'database') {
      await this.flush();
      await this.deps.database[planned.do]({ ...this.key, atMs: this.now });
      return;
    }
    const begun = this.first?.planned === planned ? this.first.begun : await this.beginStep(planned);
    if (!isDone(begun)) this.pending.push(finishStep(begun, await this.ask(planned, begun)));
  }

  private async beginStep({ name }: ProviderStep): Promise<BegunStep> {
    this.pending.push(beginStep(this.key, name));
    return (await this.flush()) as BegunStep;
  }

  private async ask({ name }: ProviderStep, begun: BegunStep): Promise<StepOutcome> {
    this.tried = name;
    const outcome = await this.deps.work[name](begun);
    this.tried = undefined;
    return outcome;
  }

  /** Makes the pending calls; returns the last one's result. */
  private async flush(): Promise<unknown> {
    const calls = this.pending.splice(0);
    if (calls.length === 0) return undefined;
    const results = await callInOrder(this.deps.db, calls);
    this.deps.announce(this.key.orderId);
    const last = results.at(-1);
    if (results.length < calls.length || isRefusal(last)) throw new AttemptStopped();
    return last;
  }
}
