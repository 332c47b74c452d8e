import { ApplicationFailure, CancellationScope, defineQuery, setHandler, TemporalFailure } from '@temporalio/workflow';
import { type CouponSagaInput, type CouponStatusView, QUERIES } from '../contracts/workflow-api';
import { ensuredBy, localActivities, UNDO_RETRY_MS } from './activity-calls';
import { receiveDecisions } from './decisions';
import { describeFailure, unlessPermanent } from './saga/failure';
import { Saga } from './saga/saga';

/** Issues the coupon of an admitted request; one that can't be issued FAILED, and its slot goes to the next. */
export async function couponSaga(input: CouponSagaInput): Promise<'ISSUED'> {
  const { requestId } = input;
  let status: CouponStatusView = { requestId, status: 'REQUESTED' };
  setHandler(defineQuery<CouponStatusView>(QUERIES.status), () => status);
  const ensured = ensuredBy(couponParking());
  try {
    await localActivities.issueCoupon({ ...input, atMs: Date.now() });
  } catch (error) {
    if (!(error instanceof TemporalFailure)) throw error;
    const { code, message } = describeFailure(error);
    // It may have been issued all the same, before the response was lost: then it stays so.
    const end = await CancellationScope.nonCancellable(() => ensured.failCouponRequest({ ...input, code, message }));
    if (end !== 'ISSUED') {
      status = { requestId, status: end, reason: code };
      throw ApplicationFailure.nonRetryable(message, code);
    }
  }
  status = { requestId, status: 'ISSUED' };
  return 'ISSUED';
}

/** A saga without steps: what must succeed here, too, waits for a person's RETRY where it cannot. */
function couponParking(): Saga {
  const saga = new Saga({
    undoRetryMs: () => UNDO_RETRY_MS,
    showParked: (parked) => {
      const points = parked.map((point) => ({ ...point, amountAtRiskMinor: 0 }));
      return unlessPermanent(localActivities.listParked({ points, atMs: Date.now() }));
    },
    recordRetry: (resolution) => localActivities.recordRetry({ ...resolution, attempt: 0 }),
    refuseDecision: () => Promise.resolve(),
    isGivenUp: () => false,
  });
  // A request for a coupon has no timeline: after a refusal the operators' item stays open.
  receiveDecisions(saga.parking, () => Promise.resolve());
  return saga;
}
