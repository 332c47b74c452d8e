import { admittedCouponRequest } from '../support/lab-coupons';
import type { OrderLab } from '../support/order-lab';
import { until } from '../support/until';
import { delivered, ended, endedAs, type Play, refunded, requestsAre } from './plays';

const PRICE = 1_000;

/** Orders with a coupon, and the requests for coupons themselves. */
export const COUPON_OUTCOMES: Readonly<Record<string, Play>> = {
  async 'coupon-paid-and-delivered'(lab) {
    const { orderId } = await lab.preparing({}, await lab.coupon());
    return delivered(lab, orderId);
  },
  async 'coupon-declined-then-hold-expired'(lab) {
    const { orderId } = await lab.payable(10, await lab.coupon());
    await lab.pay(orderId, { token: 'tok_declined' });
    await requestsAre(lab, orderId, 'FAILED');
    return ended(lab, orderId, 'CANCELLED');
  },
  'coupon-refunded': (lab) => storedAndRefunded(lab, 300),
  'coupon-for-everything-refunded': (lab) => storedAndRefunded(lab, PRICE),
  async 'coupon-issued'(lab) {
    const { requestId } = await admittedCouponRequest(lab.db, 'kim', 300);
    return endedAs(lab, 'coupon', await lab.startCoupon(requestId), 'ISSUED');
  },
  async 'coupon-not-issued'(lab) {
    const { requestId } = await admittedCouponRequest(lab.db, 'kim', 300);
    const refused = await refuseToIssue(lab, requestId);
    const workflow = lab.handle(await lab.startCoupon(requestId));
    await refused();
    await workflow.cancel();
    await workflow.result().catch(() => undefined);
    const { status } = await workflow.describe();
    if (status.name !== 'FAILED') throw new Error(`ended as ${status.name}`);
    return { coupon: workflow.workflowId };
  },
};

async function storedAndRefunded(lab: OrderLab, discountMinor: number) {
  const { orderId } = await lab.payable(10, await lab.coupon(discountMinor));
  await lab.pay(orderId, { warehouseStorage: true });
  return { ...(await ended(lab, orderId, 'COMPLETED')), ...(await refunded(lab, orderId, 'REFUNDED')) };
}

/** The database does not issue this one, however often it is asked; the returned function waits until it has been. */
async function refuseToIssue({ db }: OrderLab, requestId: string): Promise<() => Promise<unknown>> {
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
