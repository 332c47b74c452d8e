import type { DbOrTrx, Trx } from '../db/connection';
import type { Order } from '../db/orders';
import { findRequest, type ProcessingRequest, requestOfAttempt } from '../db/requests';
import { isLive, type StepRecord, stepsOfOrder } from '../db/saga-steps';
import type { OrderStep } from '../domain/saga-state';
import { failure } from './failure';
import type { RequestStepCall, StepCall } from './step-call';

/**
 * A worker that froze goes on a minute later with what it knew then. So whatever is written about an attempt or its
 * steps checks, under the order's lock, that request and steps are in the state which the caller assumes.
 */

/** The request of a running attempt; undefined: this very attempt was settled before. Throws where it has ended otherwise. */
export async function requireRunning(trx: Trx, call: RequestStepCall): Promise<ProcessingRequest | undefined> {
  const request = await findRequest(trx, call);
  const isOurs = request?.attempt === call.attempt;
  if (isOurs && request.state === 'DONE') return undefined;
  if (isOurs && request.state === 'RUNNING' && !request.isUndoing) return request;
  throw failure('CLOSED', 'ATTEMPT_ENDED', `attempt ${call.attempt} is not running any more`);
}

/** Every step that the order needs by now is done, its stock is held, and nothing of it has been taken back. */
export async function requireDone(
  trx: Trx,
  order: Order,
  attempt: number,
  { stored }: { readonly stored: boolean },
): Promise<void> {
  const steps = await stepsOfOrder(trx, order.id);
  const isDone = (step: OrderStep, of: number) =>
    steps.some((record) => record.step === step && record.attempt === of && record.state === 'DONE');
  const needed: OrderStep[] = [
    ...(order.couponRequestId === null ? [] : (['coupon'] as const)),
    ...(order.totalMinor > 0 ? (['payment'] as const) : []),
    'shipment',
    ...(stored ? (['warehouse'] as const) : []),
  ];
  const missing = needed.filter((step) => !isDone(step, attempt));
  if (!isDone('stock', 0)) missing.push('stock');
  if (missing.length > 0)
    throw failure('CLOSED', 'STEPS_NOT_DONE', `not done, or taken back: ${missing.join(', ')} of attempt ${attempt}`);
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

const SETTLED_AND_TAKEN_BACK: ReadonlySet<string> = new Set(['PREPARING', 'REFUND_REQUESTED']);

/** An attempt that was settled is undone only by those who know it: a cancel while the parcel is here, or a refund. */
export async function requireUndoable(trx: Trx, order: Order | undefined, call: UndoCall): Promise<void> {
  const request = await requestOfAttempt(trx, call);
  if (request?.state !== 'DONE') return;
  if (call.isSettled && order && SETTLED_AND_TAKEN_BACK.has(order.status)) return;
  throw failure('CLOSED', 'ATTEMPT_SETTLED', `attempt ${call.attempt} was settled`);
}
