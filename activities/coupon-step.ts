import { ApplicationFailure } from '@temporalio/activity';
import type { Db } from '../db/connection';
import { redeemClaimedCoupon, unredeemCoupon } from '../db/coupon-claims';
import { advanceStep, beginStep, type StepId } from '../db/saga-steps';
import { stepClosed, tellStep } from './outside-step';
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
          if (record.state !== 'DONE' && record.state !== 'FAILED') throw stepClosed(id);
          return record.state === 'DONE';
        }
        if (await redeemClaimedCoupon(trx, call.orderId, new Date(call.atMs))) {
          await tellStep(trx, id, 'DONE');
          return true;
        }
        await advanceStep(trx, id, ['DONE'], { state: 'FAILED', code: NOT_CLAIMED });
        await tellStep(trx, id, 'FAILED', NOT_CLAIMED);
        return false;
      });
      if (!isRedeemed) throw ApplicationFailure.nonRetryable(`order ${call.orderId} has no coupon`, NOT_CLAIMED);
    },

    /** The coupon is claimed and no more; before it was redeemed, a tombstone stops a late redeeming. */
    async restoreCoupon(call: StepCall): Promise<void> {
      const id = idOf(call);
      await withOrder(db, call.orderId, async (trx) => {
        const { isNew } = await beginStep(trx, id, 'UNDONE');
        if (isNew || !(await advanceStep(trx, id, ['DONE', 'UNDO_FAILED'], { state: 'UNDONE' }))) return;
        await unredeemCoupon(trx, call.orderId);
        await tellStep(trx, id, 'UNDONE');
      });
    },

    /** A person has ended the undo: in the books the coupon is claimed and no more. */
    async writeOffCoupon(call: WriteOffCall): Promise<void> {
      const id = idOf(call);
      await recordResolution(db, id, call, async (trx) => {
        await advanceStep(trx, id, ['DONE'], { state: 'UNDONE' });
        await unredeemCoupon(trx, call.orderId);
      });
    },
  };
}
export type CouponStepActivities = ReturnType<typeof createCouponStepActivities>;
