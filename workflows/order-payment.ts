import type { AfterFailure } from '../activities/attempt';
import type { OrderPolicy } from '../activities/stock';
import type { FailureCause } from '../domain/failure';
import { type Attempt, acceptRequest, runAttempt } from './order-attempt';
import type { OrderContext } from './order-context';
import { StockHold } from './order-hold';

/** Of an attempt that ended before: why, and what follows, is recorded there. */
const FAILED_BEFORE: FailureCause = { code: 'FAILED_BEFORE', kind: 'CLOSED' };

/** Serves requests until one is paid and under way: true; or the order is to be cancelled: false. */
export async function payAndShip(order: OrderContext, policy: OrderPolicy): Promise<boolean> {
  const hold = new StockHold(order, Math.min(policy.stockHoldMs, order.holdLeftMs ?? policy.stockHoldMs));
  for (;;) {
    const request = await hold.nextRequest();
    if (!request) return false;
    const attempt = await acceptRequest(order, request, policy);
    if (attempt === 'SKIPPED') continue;
    if (attempt === 'ORDER_ENDING') return hold.hasExpired();
    hold.stop();
    const end = await runAttempt(order, attempt, policy);
    if (end.ended === 'DONE') return true;
    if (order.isCancelled) return false;
    const next = await decideWhatFollows(order, attempt, end.failure ?? FAILED_BEFORE, hold.leftMs, policy);
    if (next === 'CANCEL' || next === 'GIVE_UP') return false;
    hold.resume({ retryWaits: next === 'RETRY' });
  }
}

/** Records what a failed and undone attempt leads to. */
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
  const holdExpiresAtMs = atMs + holdLeftMs;
  const { code, kind, next } = await order.activities.failAttempt({ ...call, ...failed, holdExpiresAtMs, atMs });
  if (kind === 'DECLINED') view.declines += 1;
  if (kind === 'REFUSED') view.refusals += 1;
  view.moveTo('PENDING_PAYMENT', code);
  if (next === 'CANCEL')
    order.endedBecause = { code: kind === 'DECLINED' ? 'TOO_MANY_DECLINES' : 'TOO_MANY_ATTEMPTS', reason: code };
  if (next === 'GIVE_UP') order.endedBecause = { code: 'RETRIES_EXHAUSTED', reason: code };
  return next;
}

/** Only a decline is about the customer's means of payment, and only a refusal about what was asked for; all else is retried. */
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
export async function skipLateRequests({ orderId, activities, messages }: OrderContext): Promise<void> {
  const { payments } = messages;
  for (let late = payments.shift(); late; late = payments.shift())
    await activities.beginAttempt({ orderId, attempt: 0, ...late, atMs: Date.now() });
}
