import type { PutCoupon } from '../../contracts/http';
import { couponState } from '../support/coupons';
import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { until } from '../support/until';

const FIXED_300: Partial<PutCoupon> = { discount: { type: 'FIXED', value: 300 } };
const EVERYTHING: Partial<PutCoupon> = { discount: { type: 'PERCENT', value: 100 } };

describe('an order with a coupon', () => {
  const shop = new Fixture().shop();

  /** An order of one thing, with a coupon, that waits for its payment. */
  async function payable(command = FIXED_300, price = 1_000) {
    const [sku, code] = await Promise.all([shop.product(5, price), shop.issuedCoupon(command)]);
    const orderId = await shop.order(sku, 1, code);
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'WAITING');
    return { orderId, sku, code };
  }

  async function paid(command = FIXED_300, request: { token?: string } = {}) {
    const order = await payable(command);
    await shop.pay(order.orderId, { ...request, warehouseStorage: true });
    await shop.reaches(order.orderId, 'COMPLETED', 'SETTLED');
    return order;
  }

  const movements = (orderId: number): Promise<unknown> =>
    shop.db('money_movements').where({ order_id: orderId }).orderBy('id').select('kind', 'amount_minor');

  /** `step state` of the order's timeline but for stock, oldest first. */
  async function stepsOf(orderId: number): Promise<string[]> {
    const steps = (await shop
      .db('timeline')
      .where({ order_id: orderId, type: 'step' })
      .orderBy('id')
      .pluck('data')) as {
      step: string;
      state: string;
    }[];
    return steps.filter(({ step }) => step !== 'stock').map(({ step, state }) => `${step} ${state}`);
  }

  const cancel = (orderId: number) =>
    shop.call('POST', `/api/orders/${orderId}/cancel`, { body: { reason: 'changed my mind' } });
  const refund = (orderId: number) =>
    shop.call('POST', `/api/orders/${orderId}/refund`, { body: { reason: 'it is broken' } });

  /** The coupon takes another order: it is free. */
  async function canBeUsedAgain({ code, sku }: { code: string; sku: string }): Promise<void> {
    expect(await couponState(shop, code)).toBe('free');
    const again = await shop.order(sku, 1, code);
    expect(await couponState(shop, code)).toBe(`claimed by ${again}`);
  }

  describe('is paid:', () => {
    test('what is charged is the discounted total, in both ledgers, and the coupon is redeemed', async () => {
      const { orderId, code } = await payable();
      expect(await couponState(shop, code)).toBe(`claimed by ${orderId}`);
      await shop.pay(orderId);
      const view = await shop.reaches(orderId, 'PREPARING', 'WAITING');
      expect(view.saga.steps.map(({ step, state }) => `${step} ${state}`)).toEqual([
        'stock DONE',
        'coupon DONE',
        'payment DONE',
        'shipment DONE',
      ]);
      expect(await shop.providers.ledger(orderId)).toMatchObject([{ type: 'charge', amount: 700 }]);
      expect(await movements(orderId)).toEqual([{ kind: 'charge', amount_minor: 700 }]);
      expect(await couponState(shop, code)).toBe(`redeemed by ${orderId}`);
      await expectLedgersToBalance(shop, orderId);
    });

    test.each([
      [
        'a declined card',
        { token: 'tok_declined' },
        'CARD_DECLINED',
        ['coupon DONE', 'payment FAILED', 'payment UNDONE', 'coupon UNDONE'],
      ],
      [
        'a refused shipment',
        { recipientName: 'fault:ship_refused' },
        'SHIPMENT_REFUSED',
        ['coupon DONE', 'payment DONE', 'shipment FAILED', 'shipment UNDONE', 'payment UNDONE', 'coupon UNDONE'],
      ],
    ])(
      '%s leaves the coupon claimed, not redeemed, and the next attempt redeems it',
      async (_what, command, reason, steps_) => {
        const { orderId, code } = await payable();
        await shop.pay(orderId, command);
        expect(await shop.attemptEnds(orderId)).toEqual([{ state: 'FAILED', reason }]);
        await shop.reaches(orderId, 'PENDING_PAYMENT', 'WAITING');
        expect(await stepsOf(orderId)).toEqual(steps_);
        expect(await couponState(shop, code)).toBe(`claimed by ${orderId}`);
        await expectLedgersToBalance(shop, orderId);

        await shop.pay(orderId);
        await shop.reaches(orderId, 'PREPARING', 'WAITING');
        expect(await couponState(shop, code)).toBe(`redeemed by ${orderId}`);
        expect(await shop.providers.capturedNet(orderId)).toBe(700);
        await expectLedgersToBalance(shop, orderId);
      },
    );

    test('a coupon that the order has lost ends the attempt before any money moves', async () => {
      const { orderId, code } = await payable();
      await shop.db('coupon_requests').where({ code }).update({ order_id: null });
      await shop.pay(orderId);
      expect(await shop.attemptEnds(orderId)).toEqual([{ state: 'FAILED', reason: 'COUPON_NOT_CLAIMED' }]);
      expect(await shop.providers.ledger(orderId)).toEqual([]);
      await shop.db('coupon_requests').where({ code }).update({ order_id: orderId });
      await shop.pay(orderId);
      await shop.reaches(orderId, 'PREPARING', 'WAITING');
      await expectLedgersToBalance(shop, orderId);
    });

    test.each([false, true])(
      'where it covers everything, nothing is charged (stored: %s)',
      async (warehouseStorage) => {
        const { orderId, code } = await payable(EVERYTHING);
        await shop.pay(orderId, { token: 'tok_declined', warehouseStorage });
        const view = await shop.reaches(orderId, warehouseStorage ? 'COMPLETED' : 'PREPARING');
        expect(view.saga.steps.map(({ step }) => step)).not.toContain('payment');
        expect(await shop.providers.ledger(orderId)).toEqual([]);
        expect(await movements(orderId)).toEqual([]);
        expect(await couponState(shop, code)).toBe(`redeemed by ${orderId}`);
        await expectLedgersToBalance(shop, orderId);
      },
    );
  });

  describe('ends unsold, and its coupon is free:', () => {
    test('cancelled before it is paid', async () => {
      const order = await payable();
      expect((await cancel(order.orderId)).status).toBe(202);
      await shop.reaches(order.orderId, 'CANCELLED', 'SETTLED');
      await expectLedgersToBalance(shop, order.orderId);
      await canBeUsedAgain(order);
      await expectLedgersToBalance(shop, order.orderId);
    });

    test.each([
      ['with money', FIXED_300, 2],
      ['without', EVERYTHING, 0],
    ])('cancelled after it is paid, %s', async (_what, command, moved) => {
      const order = await payable(command);
      await shop.pay(order.orderId);
      await shop.reaches(order.orderId, 'PREPARING', 'WAITING');
      expect((await cancel(order.orderId)).status).toBe(202);
      await shop.reaches(order.orderId, 'CANCELLED', 'SETTLED');
      expect((await stepsOf(order.orderId)).at(-1)).toBe('coupon UNDONE');
      expect(await shop.providers.ledger(order.orderId)).toHaveLength(moved);
      await expectLedgersToBalance(shop, order.orderId);
      await canBeUsedAgain(order);
    });

    test('cancelled while the charge is at the provider', async () => {
      const order = await payable();
      await shop.providers.outage(order.orderId, 'slow');
      await shop.pay(order.orderId);
      await until(
        'the coupon to be redeemed',
        () => couponState(shop, order.code),
        (state) => state === `redeemed by ${order.orderId}`,
      );
      expect((await cancel(order.orderId)).status).toBe(202);
      await shop.reaches(order.orderId, 'CANCELLED', 'SETTLED');
      await expectLedgersToBalance(shop, order.orderId);
      await canBeUsedAgain(order);
    });

    test('short of stock', async () => {
      const [sku, code] = await Promise.all([shop.product(1), shop.issuedCoupon()]);
      const orderId = await shop.order(sku, 2, code);
      await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
      await expectLedgersToBalance(shop, orderId);
      await canBeUsedAgain({ code, sku });
    });

    test.each([
      ['with money', FIXED_300, ['coupon DONE', 'payment DONE', 'payment UNDONE', 'coupon UNDONE']],
      ['without', EVERYTHING, ['coupon DONE', 'coupon UNDONE']],
    ])('refunded, %s', async (_what, command, steps_) => {
      const order = await paid(command);
      expect((await refund(order.orderId)).status).toBe(202);
      await shop.reaches(order.orderId, 'REFUNDED', 'SETTLED');
      const steps = await stepsOf(order.orderId);
      expect(steps.filter((step) => /^(coupon|payment)/.test(step))).toEqual(steps_);
      expect(await shop.stock(order.sku)).toEqual({ free: 5, held: 0, sold: 0 });
      await expectLedgersToBalance(shop, order.orderId);
      await canBeUsedAgain(order);
    });
  });

  test('whose refund is refused keeps it redeemed; refunded later, it is free', async () => {
    const { orderId, code } = await paid(FIXED_300, { token: 'tok_undo_refused:1' });
    await refund(orderId);
    await until(
      'the refusal',
      () => shop.statuses(orderId),
      (statuses) => statuses.slice(-2).join() === 'REFUND_REQUESTED,COMPLETED',
    );
    expect(await couponState(shop, code)).toBe(`redeemed by ${orderId}`);
    await expectLedgersToBalance(shop, orderId);
    expect((await refund(orderId)).status).toBe(202);
    await shop.reaches(orderId, 'REFUNDED', 'SETTLED');
    expect(await couponState(shop, code)).toBe('free');
    await expectLedgersToBalance(shop, orderId);
  });
});
