import type { OrderStep } from '../contracts/workflow/attempt-steps';
import type { Db, Trx } from '../db/connection';
import { noteItemDecision } from '../db/operator-items';
import { lockOrder } from '../db/orders';
import { advanceStep, LIVE_STATES, type StepId } from '../db/saga-steps';
import { addToTimeline } from '../db/timeline';
import { PARKED_KINDS } from '../domain/operator-item';
import { failure } from './failure';
import { callersWorkflowId, parkedSubject } from './parked';
import type { WriteOffCall } from './step-call';

/** What a decision is about: a step, or by its name another thing that the saga could not do. */
interface Decided {
  readonly orderId: number;
  readonly step: string;
  readonly attempt: number;
}

/** Without an order where the workflow has none. */
interface RetryCall extends Omit<WriteOffCall, 'orderId'> {
  readonly orderId?: number;
  readonly step: string;
}

/** The records of people's decisions that need no adjustment of money or stock. */
export function createDecisionActivities({ db }: { readonly db: Db }) {
  const writeOff = (step: OrderStep) => (call: WriteOffCall) =>
    recordResolution(db, { orderId: call.orderId, step, attempt: call.attempt }, call);
  return {
    /** A person has ended the undo of a step. */
    async writeOffStep(call: WriteOffCall & { readonly step: string }): Promise<void> {
      await writeOff(call.step as OrderStep)(call);
    },

    // Recorded histories hold these names.
    writeOffShipment: writeOff('shipment'),
    writeOffStorage: writeOff('warehouse'),

    /** A person has had something retried that cannot be undone, only done: once a decisionId. */
    async recordRetry(call: RetryCall): Promise<void> {
      const { orderId, step, attempt } = call;
      await db.transaction(async (trx) => {
        if (orderId === undefined) await noteWithItem(trx, step, call);
        else await recordDecision(trx, { orderId, step, attempt }, call);
      });
    },
  };
}

/**
 * Keeps a person's decision about a failed undo, once a decisionId. SKIP and DONE_EXTERNALLY end the step and write
 * their adjustment in the same transaction; RETRY is only recorded.
 */
export async function recordResolution(
  db: Db,
  id: StepId,
  call: WriteOffCall,
  adjust?: (trx: Trx) => Promise<void>,
): Promise<void> {
  await db.transaction(async (trx) => {
    if (!(await recordDecision(trx, id, call)) || call.decision === 'RETRY') return;
    await advanceStep(trx, id, LIVE_STATES, { state: call.decision === 'SKIP' ? 'SKIPPED' : 'UNDONE' });
    await adjust?.(trx);
  });
}

/** False: the same decision is recorded. Its id for something else would leave that undone, and unnoticed. */
async function recordDecision(trx: Trx, { orderId, step, attempt }: Decided, call: DecisionCall): Promise<boolean> {
  const { decisionId, decision, reason, actor, reference } = call;
  await lockOrder(trx, orderId);
  const inserted = await trx('resolutions')
    .insert({ decision_id: decisionId, order_id: orderId, step, decision, reason, actor, reference: reference ?? null })
    .onConflict('decision_id')
    .ignore()
    .returning('decision_id');
  if (inserted.length === 0) {
    const decided = (await trx('resolutions').where({ decision_id: decisionId }).first()) as
      | { order_id: number; step: string; decision: string }
      | undefined;
    if (decided?.order_id === orderId && decided.step === step && decided.decision === decision) return false;
    throw failure(
      'REFUSED',
      'DECISION_ID_REUSED',
      `decision id ${decisionId} was used for another decision: take a new one`,
    );
  }
  const data = { step, attempt, decision, reason, actor, ...(reference ? { reference } : {}) };
  await addToTimeline(trx, [{ orderId, type: 'resolution', data }]);
  await noteWithItem(trx, step, call);
  return true;
}

type DecisionCall = Omit<WriteOffCall, 'orderId'>;

/** The operators' item is closed with this decision once what it leads to has succeeded. */
async function noteWithItem(trx: Trx, step: string, call: DecisionCall): Promise<void> {
  const { decisionId, decision, reason, actor } = call;
  const subject = parkedSubject(callersWorkflowId(), step);
  await noteItemDecision(trx, { kinds: PARKED_KINDS, subject }, { decision, decisionId, actor, reason });
}
