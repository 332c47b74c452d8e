import { admittedCouponRequest } from '../support/coupons';
import type { OrderHarness } from '../support/order-harness';
import { until } from '../support/until';
import { delivered, ended, endedAs, type Play, refunded, requestsAre } from './plays';

const PRICE = 1_000;

/** Orders with a coupon, and the requests for coupons themselves. */
export const COUPON_OUTCOMES: Readonly<Record<string, Play>> = {
  async 'coupon-paid-and-delivered'(harness) {
    const { orderId } = await harness.preparing({}, await harness.coupon());
    return delivered(harness, orderId);
  },
  async 'coupon-declined-then-hold-expired'(harness) {
    const { orderId } = await harness.payable(10, await harness.coupon());
    await harness.pay(orderId, { token: 'tok_declined' });
    await requestsAre(harness, orderId, 'FAILED');
    return ended(harness, orderId, 'CANCELLED');
  },
  'coupon-refunded': (harness) => storedAndRefunded(harness, 300),
  'coupon-for-everything-refunded': (harness) => storedAndRefunded(harness, PRICE),
  async 'coupon-issued'(harness) {
    const { requestId } = await admittedCouponRequest(harness.db, 'kim', 300);
    return endedAs(harness, 'coupon', await harness.startCoupon(requestId), 'ISSUED');
  },
  async 'coupon-not-issued'(harness) {
    const { requestId } = await admittedCouponRequest(harness.db, 'kim', 300);
    const refused = await refuseToIssue(harness, requestId);
    const workflow = harness.handle(await harness.startCoupon(requestId));
    await refused();
    await workflow.cancel();
    await workflow.result().catch(() => undefined);
    const { status } = await workflow.describe();
    if (status.name !== 'FAILED') throw new Error(`ended as ${status.name}`);
    return { coupon: workflow.workflowId };
  },
};

async function storedAndRefunded(harness: OrderHarness, discountMinor: number) {
  const { orderId } = await harness.payable(10, await harness.coupon(discountMinor));
  await harness.pay(orderId, { warehouseStorage: true });
  return { ...(await ended(harness, orderId, 'COMPLETED')), ...(await refunded(harness, orderId, 'REFUNDED')) };
}

/** The database does not issue this one, however often it is asked; the returned function waits until it has been. */
async function refuseToIssue({ db }: OrderHarness, requestId: string): Promise<() => Promise<unknown>> {
  // A sequence moves on although its transaction is undone.
  await db.raw(`
    create sequence refusals;
    create function refuse_to_issue() returns trigger language plpgsql as $$
    begin
      perform nextval('refusals');
      raise exception 'not now';
    end $$;
    create trigger refuse_to_issue before update of status on coupon_requests for each row
      when (new.request_id = '${requestId}' and new.status = 'ISSUED') execute function refuse_to_issue();
  `);
  const isRefused = async () => (await db('refusals').first<{ is_called: boolean }>('is_called')).is_called;
  return () => until('the coupon to be refused', isRefused, (yes) => yes);
}
