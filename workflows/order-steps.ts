import { CancellationScope } from '@temporalio/workflow';
import type { RequestStepCall, StepCall } from '../activities/step-call';
import type { OrderPolicy, Reservation } from '../activities/stock';
import {
  ATTEMPT_STEPS,
  type AttemptFacts,
  type AttemptStep,
  type MoveDefinition,
} from '../contracts/workflow/attempt-steps';
import { CallBudget, callProvider, own, ownUndo, undoInTime } from './calls';
import type { Step, Undoable } from './saga';

type EffectStep = Exclude<AttemptStep, MoveDefinition>;
type MoveStep = Extract<AttemptStep, MoveDefinition>;

/** What an undo must know to be let: it is told apart from that of a worker which froze before the attempt was settled. */
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
    // Never interrupted: it tells whether the order is this run's at all, and only then may anything be undone.
    do: () => CancellationScope.nonCancellable(() => own.reserveStock({ orderId, runId, atMs: Date.now() })),
    undo: () => ownUndo(policy()).releaseStock(undo()),
    undoInTime: () => undoInTime('releaseStock', 'Release the stock', undo(), policy()),
    writeOff: (resolution) => own.writeOffStock({ ...resolution, orderId, attempt: 0 }),
  };
}

/** What an attempt does, in its order; all its provider calls share the attempt's budget. */
export function attemptPlan(
  call: RequestStepCall,
  facts: AttemptFacts,
  policy: OrderPolicy,
  settlement: Settlement,
): readonly (Step | MoveStep)[] {
  const budget = CallBudget.ofAttempt(policy);
  return ATTEMPT_STEPS.filter(({ needed }) => needed(facts)).map((step) =>
    step.kind === 'move'
      ? step
      : { ...undoableStep(step.name, call, policy, settlement), do: () => doStep(step, call, budget) },
  );
}

export function isStep(planned: Step | MoveStep): planned is Step {
  return 'undo' in planned;
}

function doStep(step: EffectStep, call: RequestStepCall, budget: CallBudget): Promise<void> {
  return step.kind === 'own'
    ? own[step.do]({ ...call, atMs: Date.now() })
    : callProvider(step.do, `${step.summary.do} · attempt ${call.attempt}`, call, budget);
}

/** A step of an attempt, for those who only take it back. */
export function undoableStep(
  name: EffectStep['name'],
  { orderId, attempt }: StepCall,
  policy: OrderPolicy,
  settlement: Settlement,
): Undoable {
  const definition = effectOf(name);
  const call = () => ({ orderId, attempt, isSettled: settlement.isSettled });
  const undoing = definition.summary.undo;
  return {
    name,
    attempt,
    undo: () =>
      definition.kind === 'own'
        ? ownUndo(policy)[definition.undo](call())
        : callProvider(definition.undo, undoing, call(), CallBudget.ofUndo(policy)),
    undoInTime: () => undoInTime(definition.undo, undoing, call(), policy),
    writeOff: ({ step: _step, ...decision }) =>
      definition.kind === 'own'
        ? own[definition.writeOff]({ ...decision, orderId, attempt })
        : callProvider(
            definition.writeOff,
            `${decision.decision} by ${decision.actor}`,
            { ...decision, orderId, attempt },
            CallBudget.ofUndo(policy),
          ),
  };
}

function effectOf(name: EffectStep['name']): EffectStep {
  const found = ATTEMPT_STEPS.find((step) => step.kind !== 'move' && step.name === name);
  return found as EffectStep;
}
