import type { OrderStep } from '../../contracts/workflow/attempt-steps';
import { orderWorkflowId } from '../../contracts/workflow-api';
import type { Db, Trx } from '../../db/connection';
import { freeCouponOf, freeUnownedSlots } from '../../db/coupon-claims';
import { resendStockFailure, sendAgain } from '../../db/lost-records';
import { findOrder, lockOrder, type Order } from '../../db/orders';
import { requestOfAttempt } from '../../db/requests';
import { advanceStep, insertStep, keyOfStep, type StepId } from '../../db/saga-steps';
import { putBackStock } from '../../db/stock';
import type { Finding } from '../../domain/finding';
import type { OrderStatus } from '../../domain/order-status';
import type { ExaminedParts } from './examine-orders';
import { type Fixers, FixRefused } from './fix';
import { restartWorkflow } from './restart';

/** What an undo of a saga's step is called with. */
interface UndoCall {
  readonly orderId: number;
  readonly attempt: number;
  readonly isSettled: boolean;
}

/** The undo of each step, as a saga calls it. */
export type StepUndos = Readonly<Record<OrderStep, (call: UndoCall) => Promise<void>>>;

export interface FixParts extends ExaminedParts {
  readonly undos: StepUndos;
  /** Before the first retry of a request; doubles with each. */
  readonly retryDelayMs: number;
}

/** How each fix is carried out: by what a saga itself does, under the order's lock and the step's key. */
export function createFixers(parts: FixParts): Fixers {
  const { db, undos } = parts;
  return {
    RESTART_WORKFLOW: (finding, order) => restartWorkflow(parts, orderOf(finding), order),

    RESEND_RECORD: async (finding) => {
      if (finding.orderId !== undefined) await requireWorkflow(parts, finding.orderId);
      if (!(await resend(parts, finding))) throw new FixRefused('RECORD_NOT_LATE');
    },

    async UNDO_STEP(finding) {
      const { step, attempt } = finding;
      if (step === undefined || attempt === undefined || !(step in undos)) throw new FixRefused('NO_SUCH_STEP');
      const orderId = orderOf(finding);
      const [order, request] = [await findOrder(db, orderId), await requestOfAttempt(db, { orderId, attempt })];
      // Neither can become another: an order that ended unsold, and an attempt that failed.
      if (!(order && ENDED_UNSOLD.has(order.status)) && request?.state !== 'FAILED')
        throw new FixRefused('ATTEMPT_NOT_FAILED');
      if (finding.code === 'LIVE_PARCEL' || finding.code === 'LIVE_STORAGE')
        await reopenUndo(db, { orderId, step: step as OrderStep, attempt });
      await undos[step as OrderStep]({ orderId, attempt, isSettled: request?.state === 'DONE' });
    },

    async RELEASE_HOLD(finding, { runId }) {
      const orderId = orderOf(finding);
      await requireEndedUnsold(db, orderId, async () => undefined);
      await undos.stock({ orderId, attempt: 0, isSettled: true });
      // The step's undo has nothing to do where it was undone before: what is left then has a movement of its own.
      const key = `${keyOfStep({ orderId, step: 'stock', attempt: 0 })}:${runId}`;
      await requireEndedUnsold(db, orderId, (trx) => putBackStock(trx, { orderId, key }));
    },

    async RELEASE_SLOT({ orderId, evidence }) {
      if (orderId !== undefined) return requireEndedUnsold(db, orderId, (trx) => freeCouponOf(trx, orderId));
      await db.transaction((trx) => freeUnownedSlots(trx, String(evidence.code)));
    },
  };
}

function orderOf({ orderId }: Finding): number {
  if (orderId === undefined) throw new FixRefused('NO_ORDER');
  return orderId;
}

const ENDED_UNSOLD: ReadonlySet<OrderStatus> = new Set(['CANCELLED', 'REFUNDED']);

async function requireEndedUnsold(
  db: Db,
  orderId: number,
  work: (trx: Trx, order: Order) => Promise<void>,
): Promise<void> {
  await db.transaction(async (trx) => {
    const order = await lockOrder(trx, orderId);
    if (!order || !ENDED_UNSOLD.has(order.status)) throw new FixRefused(`ORDER_${order?.status ?? 'NOT_FOUND'}`);
    await work(trx, order);
  });
}

/** By our records nothing of the step is in effect, or it is not known at all: its provider knows better, and its undo asks it. */
async function reopenUndo(db: Db, id: StepId): Promise<void> {
  await db.transaction(async (trx) => {
    const order = await lockOrder(trx, id.orderId);
    if (order?.status !== 'CANCELLED') return;
    const { isNew } = await insertStep(trx, id, 'UNDO_FAILED');
    if (!isNew) await advanceStep(trx, id, ['UNDONE', 'FAILED'], { state: 'UNDO_FAILED', code: 'STILL_THERE' });
  });
}

/** The workflow of an order in motion has to run before it is sent a record: the record would be for the run that is over. */
async function requireWorkflow({ db, workflows }: FixParts, orderId: number): Promise<void> {
  const order = await findOrder(db, orderId);
  if (!order?.runId || order.sagaState === 'SETTLED') return;
  const workflow = await workflows.describe(orderWorkflowId(orderId));
  if (workflow?.status !== 'RUNNING') throw new FixRefused('WORKFLOW_ENDED');
}

/** Puts the record into the outbox once more; false: it is not late any more. */
async function resend({ db, graceMs, retryDelayMs }: FixParts, finding: Finding): Promise<boolean> {
  const { code, orderId, evidence } = finding;
  const policy = { lostAfterMs: graceMs, retryDelayMs };
  if (code === 'COMPENSATE_NOT_DELIVERED') return resendStockFailure(db, orderOf(finding), policy);
  const { topic, requestId, eventId, retryCount } = evidence;
  if (orderId === undefined)
    return sendAgain(db, policy, {
      of: 'coupon',
      topic: 'coupon.issue',
      subject: `coupon-${requestId}`,
      requestId: String(requestId),
    });
  if (topic === 'stock.decrease.requested')
    return sendAgain(db, policy, { of: 'order', topic, subject: `order-${orderId}/stock`, orderId });
  const key = { orderId, eventId: String(eventId), retryCount: Number(retryCount) };
  const subject = `order-${orderId}/${eventId}/${retryCount}`;
  return sendAgain(db, policy, {
    of: 'request',
    topic: key.retryCount === 0 ? 'order-processing-topic' : 'order-retry-topic',
    subject,
    key,
  });
}
