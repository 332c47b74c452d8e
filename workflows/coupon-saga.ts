import {
  ApplicationFailure,
  CancellationScope,
  defineQuery,
  proxyLocalActivities,
  setHandler,
} from '@temporalio/workflow';
import type { CouponActivities } from '../activities';
import { type CouponSagaInput, type CouponStatusView, QUERIES } from '../contracts/workflow-api';
import { describeFailure } from './failures';

const own = proxyLocalActivities<CouponActivities>({
  startToCloseTimeout: '20 seconds',
  retry: { initialInterval: '100 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

/** Issues the coupon that a request was let in for; one that can't be issued FAILED, and its place goes to the next. */
export async function couponSaga(input: CouponSagaInput): Promise<'ISSUED'> {
  const { requestId } = input;
  let status: CouponStatusView = { requestId, status: 'REQUESTED' };
  setHandler(defineQuery<CouponStatusView>(QUERIES.status), () => status);
  try {
    await own.issueCoupon({ ...input, atMs: Date.now() });
  } catch (error) {
    const { code, message } = describeFailure(error);
    // It may have been issued all the same, before the answer was lost: then it stays so.
    const standing = await CancellationScope.nonCancellable(() => own.failCouponRequest({ ...input, code, message }));
    if (standing !== 'ISSUED') {
      status = { requestId, status: standing, reason: code };
      throw ApplicationFailure.nonRetryable(message, code);
    }
  }
  status = { requestId, status: 'ISSUED' };
  return 'ISSUED';
}
