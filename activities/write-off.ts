import { ApplicationFailure } from '@temporalio/activity';
import type { Db, Trx } from '../db/connection';
import { lockOrder } from '../db/orders';
import { advanceStep, type StepId } from '../db/saga-steps';
import { addToTimeline } from '../db/timeline';
import type { WriteOffCall } from './step-call';

/** The same decision again changes nothing; its id for something else would leave that undone, and unnoticed. */
async function refuseAnotherDecision(trx: Trx, id: StepId, call: WriteOffCall): Promise<void> {
  const decided = (await trx('resolutions').where({ decision_id: call.decisionId }).first()) as
    | { order_id: number; step: string; decision: string }
    | undefined;
  if (decided?.order_id === id.orderId && decided.step === id.step && decided.decision === call.decision) return;
  throw ApplicationFailure.nonRetryable(
    `decision id ${call.decisionId} was used for another decision: take a new one`,
    'DECISION_ID_REUSED',
  );
}

/**
 * Keeps a person's decision about a failed undo, once a decisionId. SKIP and DONE_EXTERNALLY end the step and write
 * their adjustment in the same transaction; RETRY is only written down.
 */
export async function recordResolution(
  db: Db,
  id: StepId,
  call: WriteOffCall,
  adjust: (trx: Trx) => Promise<void>,
): Promise<void> {
  await db.transaction(async (trx) => {
    await lockOrder(trx, id.orderId);
    const inserted = await trx('resolutions')
      .insert({
        decision_id: call.decisionId,
        order_id: id.orderId,
        step: id.step,
        decision: call.decision,
        reason: call.reason,
        actor: call.actor,
        reference: call.reference ?? null,
      })
      .onConflict('decision_id')
      .ignore()
      .returning('decision_id');
    if (inserted.length === 0) return refuseAnotherDecision(trx, id, call);
    await addToTimeline(trx, [
      {
        orderId: id.orderId,
        at: new Date(),
        type: 'resolution',
        data: {
          step: id.step,
          attempt: id.attempt,
          decision: call.decision,
          reason: call.reason,
          actor: call.actor,
          ...(call.reference ? { reference: call.reference } : {}),
        },
      },
    ]);
    if (call.decision === 'RETRY') return;
    await advanceStep(trx, id, ['UNDO_FAILED', 'UNDOING'], { state: call.decision === 'SKIP' ? 'SKIPPED' : 'UNDONE' });
    await adjust(trx);
  });
}
