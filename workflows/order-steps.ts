import { CancellationScope } from '@temporalio/workflow';
import type { RequestStepCall, StepCall } from '../activities/step-call';
import type { OrderPolicy, Reservation } from '../activities/stock';
import {
  ATTEMPT_STEPS,
  type AttemptFacts,
  type AttemptMove,
  type AttemptStep,
  isStep,
  type OrderStep,
  plannedBy,
} from '../contracts/workflow/attempt-steps';
import { localActivities, retryUndo, undoActivities } from './activity-calls';
import { CallBudget, callProvider } from './provider-calls';
import type { Resolution, Step, Undoable } from './saga/step';

/** Sent with each undo: one by a worker that froze before its attempt was settled is refused. */
export interface Settlement {
  isSettled: boolean;
}

/** Stock belongs to the order; its policy is known only after it has run. */
export function stockStep(
  orderId: number,
  runId: string,
  settlement: Settlement,
  policy: () => OrderPolicy | undefined,
): Step<Reservation> {
  const undo = () => ({ orderId, isSettled: settlement.isSettled });
  return {
    name: 'stock',
    attempt: 0,
    // Never interrupted: it says whether the order is this run's at all, and only then may anything be undone.
    do: () =>
      CancellationScope.nonCancellable(() => localActivities.reserveStock({ orderId, runId, atMs: Date.now() })),
    undo: () => undoActivities(policy()).releaseStock(undo()),
    retryUndo: () => retryUndo('releaseStock', 'Release the stock', undo(), policy()),
    writeOff: (resolution) => localActivities.writeOffStock({ ...resolution, orderId, attempt: 0 }),
  };
}

/** What an attempt does, in its order; all its provider calls share the attempt's budget. */
export function attemptPlan(
  call: RequestStepCall,
  { tried, ...facts }: AttemptFacts & { readonly tried?: OrderStep },
  policy: OrderPolicy,
  settlement: Settlement,
): readonly (Step | AttemptMove)[] {
  const budget = CallBudget.ofAttempt(policy);
  const doStep = (step: AttemptStep) => {
    if (step.kind === 'database') return localActivities[step.do]({ ...call, atMs: Date.now() });
    const summary = `${step.summary.do} · attempt ${call.attempt}`;
    return callProvider(step.do, summary, call, budget, { isTried: step.name === tried });
  };
  return plannedBy(facts).map((planned) =>
    isStep(planned) ? { ...undoable(planned, call, policy, settlement), do: () => doStep(planned) } : planned,
  );
}

/** A step of an earlier attempt, to be undone only. */
export function undoableStep(
  name: AttemptStep['name'],
  call: StepCall,
  policy: OrderPolicy,
  settlement: Settlement,
): Undoable {
  const isMeant = (step: AttemptStep) => step.name === name;
  return undoable(ATTEMPT_STEPS.filter(isStep).find(isMeant) as AttemptStep, call, policy, settlement);
}

export function isMove(planned: Step | AttemptMove): planned is AttemptMove {
  return 'kind' in planned;
}

function undoable(
  step: AttemptStep,
  { orderId, attempt }: StepCall,
  policy: OrderPolicy,
  settlement: Settlement,
): Undoable {
  const call = () => ({ orderId, attempt, isSettled: settlement.isSettled });
  const summary = step.summary.undo;
  return {
    name: step.name,
    attempt,
    undo: () =>
      step.kind === 'database'
        ? undoActivities(policy)[step.undo](call())
        : callProvider(step.undo, summary, call(), CallBudget.ofUndo(policy)),
    retryUndo: () => retryUndo(step.undo, summary, call(), policy),
    writeOff: (resolution) => writeOff(step, { orderId, attempt }, resolution, policy),
  };
}

function writeOff(
  definition: AttemptStep,
  call: StepCall,
  { step, ...decided }: Resolution,
  policy: OrderPolicy,
): Promise<void> {
  const decision = { ...decided, ...call };
  if (!('writeOff' in definition)) return localActivities.writeOffStep({ ...decision, step });
  return definition.kind === 'database'
    ? localActivities[definition.writeOff](decision)
    : callProvider(
        definition.writeOff,
        `${decision.decision} by ${decision.actor}`,
        decision,
        CallBudget.ofUndo(policy),
      );
}
