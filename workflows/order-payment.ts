import type { AfterFailure, AttemptEnd, Beginning } from '../activities/attempt';
import type { RequestStepCall } from '../activities/step-call';
import type { OrderPolicy } from '../activities/stock';
import type { PaymentRequested } from '../contracts/workflow-api';
import type { FailureCause } from '../domain/failure';
import type { OrderContext } from './order-context';
import { StockHold } from './order-hold';
import { attemptPlan, isStep } from './order-steps';
import { failureOf } from './saga';

/** A request that the database has accepted, as the order's next attempt. */
interface Attempt {
  readonly call: RequestStepCall;
  readonly beginning: Extract<Beginning, { accepted: true }>;
}

/** Of an attempt that has ended: why, and what follows, is recorded there. */
const FAILED_BEFORE: FailureCause = { code: 'FAILED_BEFORE', kind: 'CLOSED' };

/** Serves requests until one is paid and under way: true; or the order is to be cancelled: false. */
export async function payAndShip(order: OrderContext, policy: OrderPolicy): Promise<boolean> {
  const hold = new StockHold(order, policy.stockHoldMs);
  for (;;) {
    const request = await hold.nextRequest();
    if (!request) return false;
    const attempt = await accept(order, request);
    if (attempt === 'SKIPPED') continue;
    if (attempt === 'ORDER_ENDING') return hold.hasExpired();
    hold.stop();
    const end = await runAttempt(order, attempt, policy);
    if (end.ended === 'DONE') return true;
    if (order.isCancelled) return false;
    const next = await decideWhatFollows(order, attempt, end.failure ?? FAILED_BEFORE, hold.leftMs, policy);
    if (next === 'CANCEL' || next === 'GIVE_UP') return false;
    hold.goOn({ retryWaits: next === 'RETRY' });
  }
}

async function accept(order: OrderContext, request: PaymentRequested): Promise<Attempt | 'SKIPPED' | 'ORDER_ENDING'> {
  const { orderId, view } = order;
  const attempt = view.attempt + 1;
  const call = { orderId, attempt, eventId: request.eventId, retryCount: request.retryCount };
  const beginning = await order.own.beginAttempt({ ...call, atMs: Date.now() });
  if (!beginning.accepted) return beginning.why === 'ORDER_ENDING' ? 'ORDER_ENDING' : 'SKIPPED';
  view.attempt = attempt;
  return { call, beginning };
}

/** Brings an attempt to its end: settled, or failed and undone. */
async function runAttempt(order: OrderContext, { call, beginning }: Attempt, policy: OrderPolicy): Promise<AttemptEnd> {
  const { saga, view, settlement } = order;
  const plan = attemptPlan(call, beginning, policy, settlement);
  const steps = plan.filter(isStep);
  saga.plan(...steps);
  view.show('RUNNING', `the steps of attempt ${call.attempt}`);
  // A workflow task that was lost may have brought it to its end before, and then that end stands.
  const end = endedBefore(beginning) ?? (await doAndSettle(order, call, plan, beginning.warehouseStorage));
  if (end.ended === 'DONE') {
    for (const step of steps) saga.keep(step);
    settlement.isSettled = true;
    view.moveTo(beginning.warehouseStorage ? 'COMPLETED' : 'PREPARING');
    order.paid = steps;
    return end;
  }
  if (beginning.status) view.moveTo(beginning.status);
  await order.showCompensating();
  await saga.compensate(({ name, attempt }) => attempt === call.attempt && name !== 'stock');
  return end;
}

function endedBefore({ ended, failure }: Attempt['beginning']): AttemptEnd | undefined {
  if (ended === 'DONE') return { ended };
  return ended && { ended, ...(failure && { failure }) };
}

async function doAndSettle(
  order: OrderContext,
  call: RequestStepCall,
  plan: ReturnType<typeof attemptPlan>,
  stored: boolean,
): Promise<AttemptEnd> {
  try {
    for (const planned of plan) {
      if (isStep(planned)) await order.saga.run(order.unlessCancelled(planned));
      else {
        await order.own[planned.do]({ ...call, atMs: Date.now() });
        order.view.moveTo(planned.to);
      }
    }
    await order.own.settleAttempt({ ...order.unlessCancelled(call), stored, atMs: Date.now() });
    return { ended: 'DONE' };
  } catch (error) {
    const { code, kind } = failureOf(error);
    return order.own.closeAttempt({ ...call, code, kind });
  }
}

/** What a failed and undone attempt leads to. */
async function decideWhatFollows(
  order: OrderContext,
  { call }: Attempt,
  failure: FailureCause,
  holdLeftMs: number,
  policy: OrderPolicy,
): Promise<AfterFailure> {
  const { view } = order;
  const atMs = Date.now();
  const planned = whatFollows(order, failure, call.retryCount, policy);
  const failed = { code: failure.code, kind: failure.kind, next: planned };
  const { code, kind, next } = await order.own.failAttempt({
    ...{ ...call, ...failed },
    holdExpiresAtMs: atMs + holdLeftMs,
    atMs,
  });
  if (kind === 'DECLINED') view.declines += 1;
  if (kind === 'REFUSED') view.refusals += 1;
  view.moveTo('PENDING_PAYMENT', code);
  if (next === 'CANCEL')
    order.endedBecause = { code: kind === 'DECLINED' ? 'TOO_MANY_DECLINES' : 'TOO_MANY_ATTEMPTS', reason: code };
  if (next === 'GIVE_UP') order.endedBecause = { code: 'RETRIES_EXHAUSTED', reason: code };
  return next;
}

/** Only a decline speaks about the customer's means of payment, and only a refusal about what was asked for; all else is tried again. */
function whatFollows(
  { view: { declines, refusals } }: OrderContext,
  { kind }: FailureCause,
  retryCount: number,
  policy: OrderPolicy,
): AfterFailure {
  if (kind === 'DECLINED') return declines + 1 >= policy.maxDeclines ? 'CANCEL' : 'AWAIT_CUSTOMER';
  if (kind === 'REFUSED') return refusals + 1 >= policy.maxAttempts ? 'CANCEL' : 'AWAIT_CUSTOMER';
  return retryCount < policy.maxRetries ? 'RETRY' : 'GIVE_UP';
}

/** Requests that came while the order was being paid: recorded as skipped, so that none waits for ever. */
export async function skipLateRequests(order: OrderContext): Promise<void> {
  const { payments } = order.messages;
  for (let late = payments.shift(); late; late = payments.shift())
    await order.own.beginAttempt({ orderId: order.orderId, attempt: 0, ...late, atMs: Date.now() });
}
