import type { Db } from '../db/connection';
import { redeemClaimedCoupon, unredeemCoupon } from '../db/coupon-claims';
import type { StepId } from '../db/saga-steps';
import type { UndoCall } from './attempt-fence';
import { doDatabaseStep, undoDatabaseStep } from './database-step';
import type { StepCall, WriteOffCall } from './step-call';
import { recordResolution } from './write-off';

const idOf = ({ orderId, attempt }: StepCall): StepId => ({ orderId, step: 'coupon', attempt });

/** The coupon of an order: claimed by placing it, redeemed by an attempt, free again when the order ends unsold. */
export function createCouponStepActivities({ db }: { readonly db: Db }) {
  return {
    /** Redeems the coupon that the order has claimed. Final: COUPON_NOT_CLAIMED, where it has none any more. */
    async redeemCoupon(call: StepCall & { atMs: number }): Promise<void> {
      await doDatabaseStep(db, idOf(call), async (trx) => {
        const isRedeemed = await redeemClaimedCoupon(trx, call.orderId, new Date(call.atMs));
        return isRedeemed ? undefined : 'COUPON_NOT_CLAIMED';
      });
    },

    /** The coupon is claimed and no more. */
    async restoreCoupon(call: UndoCall): Promise<void> {
      await undoDatabaseStep(db, idOf(call), call, (trx) => unredeemCoupon(trx, call.orderId));
    },

    /** A person has ended the undo: for the database the coupon is claimed and no more. */
    async writeOffCoupon(call: WriteOffCall): Promise<void> {
      await recordResolution(db, idOf(call), call, (trx) => unredeemCoupon(trx, call.orderId));
    },
  };
}
