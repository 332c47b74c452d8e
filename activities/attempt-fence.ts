import {
  type AttemptFacts,
  type AttemptMove,
  isStep,
  type OrderFacts,
  type OrderStep,
  plannedBy,
} from '../contracts/workflow/attempt-steps';
import type { DbOrTrx, Trx } from '../db/connection';
import type { Order } from '../db/orders';
import { type KeptEvent, requestOfAttempt } from '../db/requests';
import { isLive, type StepRecord, stepsOfOrder } from '../db/saga-steps';
import { failure } from './failure';
import type { StepCall } from './step-call';

/**
 * A worker that froze goes on a minute later with what it knew then. So whatever is written about an attempt or its
 * steps checks, under the order's lock, that the request and its steps are in the state that the caller assumes.
 */

/** What decides which steps an attempt needs. */
export function factsOf(order: OrderFacts, { warehouseStorage }: KeptEvent['requestDto']): AttemptFacts {
  return { ...order, warehouseStorage };
}

/** The steps that must be done before a move of the attempt; without one, before its good end. */
export function stepsBefore(facts: AttemptFacts, move?: AttemptMove['do']): OrderStep[] {
  const planned = plannedBy(facts);
  const end = planned.findIndex((one) => one.do === move);
  return planned
    .slice(0, end < 0 ? undefined : end)
    .filter(isStep)
    .map(({ name }) => name);
}

/** Nothing of these steps is in effect, or may be. A fault of ours where the saga itself comes here with one. */
export async function requireUndone(
  db: DbOrTrx,
  orderId: number,
  isMeant: (step: StepRecord) => boolean,
): Promise<void> {
  const left = (await stepsOfOrder(db, orderId)).filter((step) => isMeant(step) && isLive(step));
  if (left.length > 0) throw failure('PERMANENT', 'STEPS_NOT_UNDONE', left.map(({ key }) => key).join(', '));
}

/** What an undo knows of its attempt: whether it was settled, so that the order was paid when the undo was decided. */
export interface UndoCall extends StepCall {
  readonly isSettled: boolean;
}

const SETTLED_AND_TAKEN_BACK: ReadonlySet<string> = new Set(['PREPARING', 'REFUND_REQUESTED', 'REFUNDED']);

/**
 * An attempt that was settled is undone only by those who know it: a cancel while the parcel is here, or a refund. Of an order
 * that is cancelled nothing may be left, however late that is noticed.
 */
export async function requireUndoable(trx: Trx, order: Order | undefined, call: UndoCall): Promise<void> {
  const request = await requestOfAttempt(trx, call);
  if (request?.state !== 'DONE') return;
  if (order?.status === 'CANCELLED') return;
  if (call.isSettled && order && SETTLED_AND_TAKEN_BACK.has(order.status)) return;
  throw failure('CLOSED', 'ATTEMPT_SETTLED', `attempt ${call.attempt} was settled`);
}
