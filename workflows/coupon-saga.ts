import { ApplicationFailure, CancellationScope, defineQuery, setHandler } from '@temporalio/workflow';
import { type CouponSagaInput, type CouponStatusView, QUERIES } from '../contracts/workflow-api';
import { own, ownActivities, UNDO_RETRY_MS } from './calls';
import { describeFailure, unlessPermanent } from './failures';
import { answerResolutions } from './order-messages';
import { Saga } from './saga';

/** Issues the coupon that a request was let in for; one that can't be issued FAILED, and its slot goes to the next. */
export async function couponSaga(input: CouponSagaInput): Promise<'ISSUED'> {
  const { requestId } = input;
  let status: CouponStatusView = { requestId, status: 'REQUESTED' };
  setHandler(defineQuery<CouponStatusView>(QUERIES.status), () => status);
  const ensured = ownActivitiesOfSaga();
  try {
    await own.issueCoupon({ ...input, atMs: Date.now() });
  } catch (error) {
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

/** What must succeed here, too, waits for a person's RETRY where it cannot. */
function ownActivitiesOfSaga() {
  const saga: Saga = new Saga({
    undoRetryMs: () => UNDO_RETRY_MS,
    parked: (parked) => {
      const points = parked.map((point) => ({ ...point, amountAtRiskMinor: 0 }));
      return unlessPermanent(own.listParked({ points, atMs: Date.now() }));
    },
    recordRetry: (resolution) => own.recordRetry({ ...resolution, attempt: 0 }),
    undecided: () => Promise.resolve(),
    isGivenUp: () => false,
  });
  answerResolutions({
    whyNotDecidable: (resolution) => saga.whyNotDecidable(resolution),
    whyNotNow: (resolution) => saga.whyNotNow(resolution),
    decide: (resolution) => saga.decide(resolution),
    // A request for a coupon has no timeline; the operators' item stays open.
    noteRefusal: () => Promise.resolve(),
  });
  return ownActivities((name, work) => saga.ensure(name, work));
}
