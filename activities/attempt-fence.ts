import {
  ATTEMPT_STEPS,
  type AttemptFacts,
  type AttemptMove,
  isStep,
  type OrderStep,
} from '../contracts/workflow/attempt-steps';
import type { DbOrTrx, Trx } from '../db/connection';
import type { Order } from '../db/orders';
import { findRequest, type KeptEvent, type ProcessingRequest, requestOfAttempt } from '../db/requests';
import { isLive, type StepRecord, stepsOfOrder } from '../db/saga-steps';
import { failure } from './failure';
import type { RequestStepCall, StepCall } from './step-call';

/**
 * A worker that froze goes on a minute later with what it knew then. So whatever is written about an attempt or its
 * steps checks, under the order's lock, that the request and its steps are in the state that the caller assumes.
 */

/** The request of a running attempt; undefined: this very attempt was settled before. Throws where it has ended otherwise. */
export async function requireRunning(trx: Trx, call: RequestStepCall): Promise<ProcessingRequest | undefined> {
  const request = await findRequest(trx, call);
  const isOurs = request?.attempt === call.attempt;
  if (isOurs && request.state === 'DONE') return undefined;
  if (isOurs && request.state === 'RUNNING' && request.failure === null) return request;
  throw failure('CLOSED', 'ATTEMPT_ENDED', `attempt ${call.attempt} is not running any more`);
}

/** Every step that the attempt needs, up to the move `by`, is done, its stock is held, and nothing of it has been undone. */
export async function requireDone(
  trx: Trx,
  order: Order,
  { attempt, event }: ProcessingRequest,
  by?: AttemptMove['do'],
): Promise<void> {
  const records = await stepsOfOrder(trx, order.id);
  const isDone = (step: OrderStep, of: number | null) =>
    records.some((record) => record.step === step && record.attempt === of && record.state === 'DONE');
  const facts = factsOf(order, event);
  const end = ATTEMPT_STEPS.findIndex((planned) => planned.do === by);
  const steps = ATTEMPT_STEPS.slice(0, end < 0 ? undefined : end).filter(isStep);
  const missing = steps.filter(({ name, needed }) => needed(facts) && !isDone(name, attempt)).map(({ name }) => name);
  const undone: OrderStep[] = isDone('stock', 0) ? missing : [...missing, 'stock'];
  if (undone.length > 0)
    throw failure('CLOSED', 'STEPS_NOT_DONE', `not done, or undone: ${undone.join(', ')} of attempt ${attempt}`);
}

/** What decides which steps an attempt of the order needs. */
export function factsOf(order: Order, { requestDto }: KeptEvent): AttemptFacts {
  return {
    warehouseStorage: requestDto.warehouseStorage,
    totalMinor: order.totalMinor,
    ...(order.couponRequestId !== null && { hasCoupon: true }),
  };
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
