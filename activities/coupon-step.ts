import type { Db } from '../db/connection';
import { redeemClaimedCoupon, unredeemCoupon } from '../db/coupon-claims';
import { advanceStep, beginStep, type StepId } from '../db/saga-steps';
import { requireUndoable, type UndoCall } from './attempt-fence';
import { failure } from './failure';
import { recordStep, stepClosed } from './provider-step';
import type { StepCall, WriteOffCall } from './step-call';
import { withOrder } from './with-order';
import { recordResolution } from './write-off';

const NOT_CLAIMED = 'COUPON_NOT_CLAIMED';

const idOf = (call: StepCall): StepId => ({ orderId: call.orderId, step: 'coupon', attempt: call.attempt });

/** The coupon of an order: claimed by placing it, redeemed by an attempt, free again when the order ends unsold. */
export function createCouponStepActivities({ db }: { readonly db: Db }) {
  return {
    /** Redeems the coupon that the order has claimed. Final: COUPON_NOT_CLAIMED, where it has none any more. */
    async redeemCoupon(call: StepCall & { atMs: number }): Promise<void> {
      const id = idOf(call);
      const isRedeemed = await withOrder(db, call.orderId, async (trx) => {
        const { record, isNew } = await beginStep(trx, id, 'DONE');
        if (!isNew) {
          if (record.state !== 'DONE' && record.refusedCode === null) throw stepClosed(id);
          return record.state === 'DONE';
        }
        if (await redeemClaimedCoupon(trx, call.orderId, new Date(call.atMs))) {
          await recordStep(trx, id, 'DONE');
          return true;
        }
        await advanceStep(trx, id, ['DONE'], { state: 'FAILED', code: NOT_CLAIMED, refusedCode: NOT_CLAIMED });
        await recordStep(trx, id, 'FAILED', NOT_CLAIMED);
        return false;
      });
      if (!isRedeemed) throw failure('REFUSED', NOT_CLAIMED, `order ${call.orderId} has no coupon`);
    },

    /** The coupon is claimed and no more; before it was redeemed, a tombstone stops a late redeeming. */
    async restoreCoupon(call: UndoCall): Promise<void> {
      const id = idOf(call);
      await withOrder(db, call.orderId, async (trx, order) => {
        const { record, isNew } = await beginStep(trx, id, 'UNDONE');
        if (isNew || record.state === 'UNDONE' || record.state === 'SKIPPED') return;
        await requireUndoable(trx, order, call);
        if (!(await advanceStep(trx, id, ['DONE', 'UNDO_FAILED'], { state: 'UNDONE' }))) return;
        await unredeemCoupon(trx, call.orderId);
        await recordStep(trx, id, 'UNDONE');
      });
    },

    /** A person has ended the undo: for the database the coupon is claimed and no more. */
    async writeOffCoupon(call: WriteOffCall): Promise<void> {
      const id = idOf(call);
      await recordResolution(db, id, call, async (trx) => {
        await unredeemCoupon(trx, call.orderId);
      });
    },
  };
}
