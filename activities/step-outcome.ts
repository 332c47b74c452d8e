import type { Trx } from '../db/connection';
import { keyOfStep, type StepId, type StepRecord } from '../db/saga-steps';
import { addToTimeline } from '../db/timeline';
import { failure } from './failure';

/** Whether the do has succeeded; false: it is open. Throws how it ended otherwise, also where it has been undone since. */
export function isDone(record: StepId & Pick<StepRecord, 'state' | 'refusedCode'>): boolean {
  if (record.state === 'DONE') return true;
  if (record.refusedCode !== null) throw refusal(record, record.refusedCode);
  if (record.state !== 'UNKNOWN') throw stepClosed(record);
  return false;
}

/** Only the payment provider speaks about the customer's means of payment. */
export function refusal(id: StepId, code: string) {
  return failure(id.step === 'payment' ? 'DECLINED' : 'REFUSED', code, `${keyOfStep(id)}: ${code}`);
}

export function stepClosed(id: StepId) {
  return failure('CLOSED', 'STEP_CLOSED', `${keyOfStep(id)} was undone before it was done`);
}

/** Adds the step's entry to the order's timeline. */
export async function recordStep(trx: Trx, id: StepId, state: string, code?: string): Promise<void> {
  const data = { step: id.step, attempt: id.attempt, state, ...(code ? { code } : {}) };
  await addToTimeline(trx, [{ orderId: id.orderId, type: 'step', data }]);
}
