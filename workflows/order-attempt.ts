import type { AttemptEnd, Beginning } from '../activities/attempt';
import type { RequestStepCall } from '../activities/step-call';
import type { OrderPolicy } from '../activities/stock';
import { ALL_ASKED } from '../contracts/workflow/attempt-steps';
import type { PaymentRequested } from '../contracts/workflow/messages';
import { tryAttempt } from './activity-calls';
import type { OrderContext } from './order-context';
import { attemptPlan, isMove } from './order-steps';
import { failureOf, type Step, type Undoable } from './saga/step';

/** A request that the database has accepted, as the order's next attempt. */
export interface Attempt {
  readonly call: RequestStepCall;
  readonly beginning: Extract<Beginning, { accepted: true }>;
}

/**
 * Accepts a request as the next attempt, which is over at once where all goes well. ORDER_ENDING: the hold has run out.
 */
export async function acceptRequest(
  order: OrderContext,
  { eventId, retryCount }: PaymentRequested,
  policy: OrderPolicy,
): Promise<Attempt | 'SKIPPED' | 'ORDER_ENDING'> {
  const { orderId, saga, settlement, facts, view } = order;
  const attempt = view.attempt + 1;
  const call = { orderId, attempt, eventId, retryCount };
  // Whatever the request asks for: its steps may be done before anything is known of it.
  saga.plan(...stepsOf(attemptPlan(call, { ...facts, ...ALL_ASKED }, policy, settlement)));
  view.show('RUNNING', `the steps of attempt ${attempt}`);
  const whole = { ...call, order: facts, atMs: Date.now() };
  // Nothing is begun for an order that is to be cancelled.
  const begun = order.isCancelled ? undefined : await tryAttempt(whole, policy);
  const beginning = begun ?? (await order.activities.beginAttempt({ ...call, atMs: Date.now() }));
  if (!beginning.accepted) {
    saga.forget((step) => step.attempt === attempt);
    return beginning.why === 'ORDER_ENDING' ? 'ORDER_ENDING' : 'SKIPPED';
  }
  view.attempt = attempt;
  return { call, beginning };
}

/** Brings an attempt to its end: settled, or failed and undone. */
export async function runAttempt(order: OrderContext, attempt: Attempt, policy: OrderPolicy): Promise<AttemptEnd> {
  const { call, beginning } = attempt;
  const { saga, view, settlement } = order;
  const plan = attemptPlan(call, beginning, policy, settlement);
  const steps = stepsOf(plan);
  const isPlanned = ({ name }: Undoable) => steps.some((step) => step.name === name);
  saga.forget((step) => step.attempt === call.attempt && !isPlanned(step));
  saga.plan(...steps);
  // It may be over: done at once, or by a workflow task that was lost.
  const end = endedBefore(beginning) ?? (await doSteps(order, attempt, plan));
  if (end.ended === 'DONE') {
    for (const step of steps) saga.keep(step);
    settlement.isSettled = true;
    view.moveTo(beginning.warehouseStorage ? 'COMPLETED' : 'PREPARING');
    order.paid = steps;
    return end;
  }
  const status = end.status ?? beginning.status;
  if (status) view.moveTo(status);
  await order.showCompensating();
  await saga.compensate((step) => step.attempt === call.attempt && step.name !== 'stock');
  return end;
}

const stepsOf = (plan: ReturnType<typeof attemptPlan>) => plan.filter((planned): planned is Step => !isMove(planned));

function endedBefore({ ended, failure }: Attempt['beginning']): AttemptEnd | undefined {
  if (ended === 'DONE') return { ended };
  return ended && { ended, ...(failure && { failure }) };
}

/** Does the steps and settles the attempt; one that fails is closed, to be undone. */
async function doSteps(
  order: OrderContext,
  { call, beginning }: Attempt,
  plan: ReturnType<typeof attemptPlan>,
): Promise<AttemptEnd> {
  const { saga, activities, view } = order;
  try {
    for (const planned of plan) {
      if (isMove(planned)) {
        await activities[planned.do]({ ...call, atMs: Date.now() });
        view.moveTo(planned.to);
      } else await saga.run(order.unlessCancelled(planned));
    }
    const stored = beginning.warehouseStorage;
    await activities.settleAttempt({ ...order.unlessCancelled(call), stored, atMs: Date.now() });
    return { ended: 'DONE' };
  } catch (error) {
    const { code, kind } = failureOf(error);
    return activities.closeAttempt({ ...call, code, kind });
  }
}
