import { TOPICS } from '../../contracts/topics';
import { SIGNALS } from '../../contracts/workflow/messages';
import { couponState } from '../support/coupons';
import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { TimeHarness } from './time-harness';

const MINUTE = 60_000;

describe('the hold of 15 minutes', () => {
  const time = new Fixture().declare(new TimeHarness());

  test('runs out: the stock goes back and the order is CANCELLED', async () => {
    const { orders } = time;
    const { orderId, sku } = await orders.payable(1);
    expect(await orders.stock(sku)).toEqual({ free: 0, held: 1, sold: 0 });
    expect(await orders.orderHandle(orderId).result()).toBe('CANCELLED');
    expect(await orders.row(orderId)).toMatchObject({ status: 'CANCELLED', status_reason: 'HOLD_EXPIRED' });
    expect(await orders.stock(sku)).toEqual({ free: 1, held: 0, sold: 0 });
    const moves = await orders.db('outbox').where({ topic: TOPICS.orderStatusChanged, key: orderId }).pluck('value');
    const [heldSince, endedAt] = moves.slice(-2).map((move) => Date.parse(JSON.parse(move).eventCreatedAt));
    const heldMs = Number(endedAt) - Number(heldSince);
    expect(heldMs).toBeGreaterThanOrEqual(15 * MINUTE);
    expect(heldMs).toBeLessThan(16 * MINUTE);
    await expectLedgersToBalance(orders, orderId);
  });

  test('runs out: the coupon is free for another order, and only the first declined attempt had redeemed it', async () => {
    const { orders } = time;
    const coupon = await orders.coupon();
    const { orderId } = await orders.payable(1, coupon);
    await orders.pay(orderId, { token: 'tok_declined' });
    await time.passUntil(async () => JSON.stringify(await requestsOf(orderId)), '["FAILED"]', MINUTE);
    expect(await couponState(orders, coupon.code)).toBe(`claimed by ${orderId}`);
    await expectLedgersToBalance(orders, orderId);
    expect(await orders.orderHandle(orderId).result()).toBe('CANCELLED');
    expect(await couponState(orders, coupon.code)).toBe('free');

    const next = await orders.preparing({}, coupon);
    expect(await couponState(orders, coupon.code)).toBe(`redeemed by ${next.orderId}`);
    for (const id of [orderId, next.orderId]) await expectLedgersToBalance(orders, id);
    await orders.cancel(next.orderId);
  });

  test('waits for a request that was accepted before its end, however late it reaches the workflow', async () => {
    const { orders } = time;
    const { orderId } = await orders.payable();
    await time.pass('14 minutes');
    const request = await orders.saveRequest(orderId);
    await time.pass('2 hours');
    expect(await orders.state(orderId)).toBe('PENDING_PAYMENT/WAITING');
    await orders.signal(orderId, SIGNALS.paymentRequested, request);
    await time.passUntil(() => orders.state(orderId), 'PREPARING/WAITING', MINUTE);
    await expectLedgersToBalance(orders, orderId);
    await orders.cancel(orderId);
  });

  test('stops while a retry waits, and goes on where it stopped', async () => {
    const { orders } = time;
    const { orderId } = await orders.payable();
    await orders.providers.outage(orderId, 'unavailable');
    const { eventId } = await orders.pay(orderId, { token: 'tok_declined' });
    const asked = async () => JSON.stringify(await requestsOf(orderId));
    await time.passUntil(asked, '["FAILED","PENDING"]', 4 * MINUTE);
    await time.pass('3 hours');
    expect(await orders.state(orderId)).toBe('PENDING_PAYMENT/WAITING');

    await orders.providers.outage(orderId, 'none');
    await orders.signal(orderId, SIGNALS.paymentRequested, { eventId, retryCount: 1 });
    await time.passUntil(asked, '["FAILED","FAILED"]', MINUTE);
    expect(await orders.row(orderId)).toMatchObject({ status: 'PENDING_PAYMENT', status_reason: 'CARD_DECLINED' });
    await time.pass('14 minutes');
    expect(await orders.state(orderId)).toBe('PENDING_PAYMENT/WAITING');
    expect(await orders.orderHandle(orderId).result()).toBe('CANCELLED');
    expect((await orders.row(orderId)).status_reason).toBe('HOLD_EXPIRED');
    await expectLedgersToBalance(orders, orderId);
  });

  test('stops while an undo waits for a person, for days', async () => {
    const { orders } = time;
    const { orderId } = await orders.payable();
    await orders.pay(orderId, { token: 'tok_undo_refused:1', recipientName: 'fault:ship_refused' });
    await time.passUntil(() => orders.state(orderId), 'PENDING_PAYMENT/NEEDS_OPERATOR', MINUTE);
    await time.pass('6 days');
    expect(await orders.state(orderId)).toBe('PENDING_PAYMENT/NEEDS_OPERATOR');
    expect((await orders.providers.ledger(orderId)).map((entry) => entry.type)).toEqual(['charge']);

    await orders.resolve(orderId, 'payment', 'RETRY');
    await time.passUntil(() => orders.state(orderId), 'PENDING_PAYMENT/WAITING', MINUTE);
    await time.pass('14 minutes');
    await orders.pay(orderId);
    await time.passUntil(() => orders.state(orderId), 'PREPARING/WAITING', MINUTE);
    await expectLedgersToBalance(orders, orderId);
    await orders.cancel(orderId);
  });

  async function requestsOf(orderId: number): Promise<string[]> {
    return time.orders.db('processing_requests').where({ order_id: orderId }).orderBy('retry_count').pluck('state');
  }
});
