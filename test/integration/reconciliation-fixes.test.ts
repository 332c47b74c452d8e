import { randomUUID } from 'node:crypto';
import { orderWorkflowId, refundWorkflowId } from '../../contracts/workflow-api';
import { insertRequest } from '../../db/requests';
import type { Finding } from '../../domain/finding';
import { couponFindings, couponRequestFindings, stockFindings } from '../../operations/reconciliation/shop-rules';
import { unannouncedCouponRequest } from '../support/coupons';
import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { insertUnannounced } from '../support/orders';
import { Reconciler } from '../support/reconciler';
import { payBody } from '../support/shop';
import { until } from '../support/until';

describe('what reconciliation finds and fixes', () => {
  const shop = new Fixture().shop();
  const reconciler = new Reconciler(shop);

  const itemsOf = (orderId: number) =>
    shop
      .db('operator_items')
      .where({ order_id: orderId, kind: 'RECONCILIATION' })
      .orderBy('id')
      .select('cause', 'state');
  const set = (orderId: number, change: object) => shop.db('orders').where({ id: orderId }).update(change);

  /** A payment request that was saved, and of which no record was written. */
  async function lostRequest(orderId: number): Promise<{ readonly eventId: string }> {
    const event = {
      ...{ orderId, eventId: randomUUID(), retryCount: 0, userEmail: 'kim@example.com' },
      ...{ eventCreatedAt: new Date().toISOString(), schemaVersion: 1 as const },
      requestDto: { ...payBody(), paymentRequest: { method: 'CARD' as const, token: 'tok_visa' } },
    };
    await insertRequest(shop.db, event, 'api');
    return event;
  }

  test('finds nothing about orders that are well, whatever became of them', async () => {
    const [paid, stored, cancelled, pending] = await Promise.all([
      shop.paidOrder(),
      shop.paidOrder({ warehouseStorage: true }),
      shop.paidOrder(),
      shop.payableOrder(),
    ]);
    await shop.call('POST', `/api/orders/${cancelled}/cancel`, { body: { reason: 'changed my mind' } });
    await shop.reaches(cancelled, 'CANCELLED', 'SETTLED');
    await shop.call('POST', `/api/orders/${stored}/refund`, { body: { reason: 'broken' } });
    await shop.reaches(stored, 'REFUNDED', 'SETTLED');
    expect(await reconciler.examine(paid, stored, cancelled, pending.orderId)).toEqual([]);
  });

  test('an order that was cancelled and not undone: each step is undone by its key, and the ledgers balance', async () => {
    const [sku, code] = await Promise.all([shop.product(5), shop.issuedCoupon()]);
    const orderId = await shop.order(sku, 1, code);
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'WAITING');
    await shop.pay(orderId);
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    await reconciler.terminate(orderWorkflowId(orderId));
    await set(orderId, { status: 'CANCELLED', saga_state: 'SETTLED' });
    const findings = await reconciler.examine(orderId);
    expect(findings).toMatchObject([
      { code: 'MISSING_UNDO', subject: `order-${orderId}/coupon/1`, step: 'coupon', attempt: 1, amountAtRiskMinor: 0 },
      {
        code: 'MISSING_UNDO',
        subject: `order-${orderId}/payment/1`,
        amountAtRiskMinor: 900,
        evidence: { stepState: 'DONE' },
      },
      { code: 'MISSING_UNDO', subject: `order-${orderId}/shipment/1` },
      { code: 'MONEY_DIFFERS', subject: `order-${orderId}`, evidence: { dueMinor: 0, netChargedMinor: 900 } },
      { code: 'HOLD_WITHOUT_ORDER', evidence: { sku, held: 0, sold: 1 } },
      { code: 'SLOT_WITHOUT_OWNER', orderId },
    ]);
    expect(await reconciler.fix(findings, randomUUID())).toEqual({
      [`MISSING_UNDO/order-${orderId}/coupon/1`]: 'FIXED',
      [`MISSING_UNDO/order-${orderId}/payment/1`]: 'FIXED',
      [`MISSING_UNDO/order-${orderId}/shipment/1`]: 'FIXED',
      // By the undo of the payment.
      [`MONEY_DIFFERS/order-${orderId}`]: 'GONE',
      [`HOLD_WITHOUT_ORDER/order-${orderId}`]: 'FIXED',
      [`SLOT_WITHOUT_OWNER/${findings[5]?.subject}`]: 'FIXED',
    });
    expect(await reconciler.examine(orderId)).toEqual([]);
    expect(await shop.stock(sku)).toEqual({ free: 5, held: 0, sold: 0 });
    expect(await shop.providers.capturedNet(orderId)).toBe(0);
    const notices = shop.db('timeline').where({ order_id: orderId, type: 'notice' }).orderBy('id').pluck('data');
    const fix = {
      code: 'RECONCILED',
      finding: 'MISSING_UNDO',
      fix: 'UNDO_STEP',
      actor: 'operator:lee',
      reason: 'planted',
    };
    expect(await notices).toContainEqual({ ...fix, subject: `order-${orderId}/payment/1` });
    expect((await itemsOf(orderId)).map(({ state }: { state: string }) => state)).toEqual([
      'RESOLVED',
      'RESOLVED',
      'RESOLVED',
      'HEALED',
      'RESOLVED',
      'RESOLVED',
    ]);
  });

  test('the same fixed twice at once is fixed once', async () => {
    const orderId = await shop.paidOrder();
    await reconciler.terminate(orderWorkflowId(orderId));
    await set(orderId, { status: 'CANCELLED', saga_state: 'SETTLED' });
    const findings = await reconciler.examine(orderId);
    await reconciler.list('both', findings);
    const twice = findings.flatMap((finding) => [finding, finding]);
    await Promise.all(twice.map((finding, index) => reconciler.fixListed(finding, `run-${index}`)));
    expect(await reconciler.examine(orderId)).toEqual([]);
    expect(await shop.db('money_movements').where({ order_id: orderId }).orderBy('id').pluck('kind')).toEqual([
      'charge',
      'refund',
    ]);
    expect(await shop.db('stock_movements').where({ order_id: orderId }).orderBy('id').pluck('kind')).toEqual([
      'hold',
      'sell',
      'return',
    ]);
  });

  test('nothing of a paid order is undone, whatever a finding says of it', async () => {
    const orderId = await shop.paidOrder();
    const later = { key: `${orderId}:shipment:2`, order_id: orderId, step: 'shipment', attempt: 2, state: 'DONE' };
    await shop.db('saga_steps').insert(later);
    const outcomes = Object.entries(await reconciler.fixAll(orderId));
    expect(outcomes.map(([subject, outcome]) => `${subject} ${outcome}`).sort()).toEqual([
      `MISSING_UNDO/order-${orderId}/payment/1 ATTEMPT_NOT_FAILED`,
      `MISSING_UNDO/order-${orderId}/shipment/1 ATTEMPT_NOT_FAILED`,
    ]);
    await shop.db('saga_steps').where({ key: later.key }).delete();
    await expectLedgersToBalance(shop, orderId);
    expect(await reconciler.examine(orderId)).toEqual([]);
  });

  test('an order and a refund without a workflow get one', async () => {
    const { orderId } = await shop.payableOrder();
    await reconciler.terminate(orderWorkflowId(orderId));
    const refunded = await shop.paidOrder({ warehouseStorage: true });
    await set(refunded, { status: 'REFUND_REQUESTED', saga_state: 'RUNNING', refund_run_id: 'gone' });
    const found = await until(
      'both to be found',
      () => reconciler.examine(orderId, refunded),
      (findings) => findings.length === 2,
    );
    expect(found).toContainEqual(
      expect.objectContaining({ code: 'NO_WORKFLOW', subject: refundWorkflowId(refunded), amountAtRiskMinor: 1_000 }),
    );
    await reconciler.fix(found, randomUUID());
    await shop.reaches(refunded, 'REFUNDED', 'SETTLED');
    expect(await reconciler.examine(orderId, refunded)).toEqual([]);
  });

  test('a record waits until the workflow that it is for runs again', async () => {
    const { orderId } = await shop.payableOrder();
    await reconciler.terminate(orderWorkflowId(orderId));
    const request = await lostRequest(orderId);
    const findings = await until(
      'both to be found',
      () => reconciler.examine(orderId),
      (found) => found.length === 2,
    );
    const [ended, lost] = findings as [Finding, Finding];
    await reconciler.list('a run', findings);
    expect(await reconciler.fixListed(lost, 'a run')).toBe('WORKFLOW_ENDED');
    expect(await reconciler.fixListed(ended, 'a run')).toBe('FIXED');
    expect(await reconciler.fixListed(lost, 'a run')).toBe('FIXED');
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    const states = shop.db('processing_requests').where({ order_id: orderId, event_id: request.eventId });
    expect(await states.pluck('state')).toEqual(['DONE']);
  });

  test('what never came to its workflow is sent again, once', async () => {
    const sku = await shop.product(5);
    const [{ orderId }, template, code] = await Promise.all([shop.payableOrder(), shop.order(sku), shop.coupon(1)]);
    const row = (await shop.db('orders').where({ id: template }).first()) as { user_id: string; user_email: string };
    const lines = [{ sku, name: 'Mug', quantity: 1, unitPriceMinor: 1_000 }];
    const who = { userId: row.user_id, userEmail: row.user_email };
    const born = await shop.db.transaction((trx) =>
      insertUnannounced(trx, { ...who, currency: 'KRW', totalMinor: 1_000, lines }),
    );
    const event = await lostRequest(orderId);
    const coupon = await unannouncedCouponRequest(shop, code);

    const findings = [
      ...(await reconciler.examine(born.id, orderId)),
      ...(await couponRequestFindings(shop.db, 0)),
    ].filter(({ orderId: of, subject }) => of !== undefined || subject === `request-${coupon.requestId}`);
    expect(findings.map(({ code: found, subject }) => `${found} ${subject}`).sort()).toEqual(
      [`order-${born.id}/stock`, `order-${orderId}/${event.eventId}/0`, `request-${coupon.requestId}`]
        .map((subject) => `REQUEST_WITHOUT_RECORD ${subject}`)
        .sort(),
    );
    await reconciler.fix(findings, randomUUID());
    await shop.reaches(born.id, 'PENDING_PAYMENT', 'WAITING');
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    await shop.couponRequestIs(coupon.requestId, 'ISSUED');
  });

  test('a failure of the stock that cancelled nothing cancels its order, and what it held is released', async () => {
    const { orderId, sku } = await shop.payableOrder(1, 5);
    await shop
      .db('saga_steps')
      .where({ key: `${orderId}:stock:0` })
      .update({ state: 'FAILED' });
    expect(await reconciler.codes(orderId)).toEqual(['COMPENSATE_NOT_DELIVERED']);
    await reconciler.fixAll(orderId);
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    expect(await reconciler.codes(orderId)).toEqual(['HOLD_WITHOUT_ORDER']);
    expect(await reconciler.fixAll(orderId)).toEqual({ [`HOLD_WITHOUT_ORDER/order-${orderId}`]: 'FIXED' });
    expect(await shop.stock(sku)).toEqual({ free: 5, held: 0, sold: 0 });
  });

  test('ledgers that differ from the order are a finding for a person', async () => {
    const orderId = await shop.paidOrder();
    const [charge] = await shop.db('money_movements').where({ order_id: orderId }).delete().returning('*');
    await shop.db('stock_movements').where({ order_id: orderId, kind: 'sell' }).delete();
    const findings = await reconciler.examine(orderId);
    expect(findings).toMatchObject([
      { code: 'MONEY_DIFFERS', amountAtRiskMinor: 1_000, evidence: { dueMinor: 1_000, netChargedMinor: 0 } },
      { code: 'STOCK_DIFFERS', evidence: { ordered: 1, held: 1, sold: 0 } },
    ]);
    expect(Object.values(await reconciler.fixAll(orderId))).toEqual(['NO_FIX', 'NO_FIX']);
    expect(charge).toBeDefined();
  });

  test("products and coupons whose counts don't add up; a slot that nobody has goes to the next", async () => {
    const [sku, code] = await Promise.all([shop.product(5), shop.coupon(3)]);
    await shop.askForCoupon(code);
    await shop.db('products').where({ sku }).increment('sold_units', 2);
    expect(await stockFindings(shop.db, sku)).toMatchObject([
      { code: 'STOCK_DIFFERS', subject: `sku-${sku}`, evidence: { free: 5, sold: 2, put: 5, difference: 2 } },
    ]);
    await shop.db('products').where({ sku }).decrement('sold_units', 2);
    expect(await stockFindings(shop.db, sku)).toEqual([]);

    await shop.db('coupons').where({ code }).increment('taken', 1);
    const findings = await couponFindings(shop.db, code);
    expect(findings).toMatchObject([{ code: 'SLOT_WITHOUT_OWNER', evidence: { taken: 2, requestsTaken: 1 } }]);
    expect(await reconciler.fix(findings, randomUUID())).toEqual({ [`SLOT_WITHOUT_OWNER/coupon-${code}`]: 'FIXED' });
    await shop.db('coupons').where({ code }).update({ last_rank: 0 });
    expect(await couponFindings(shop.db, code)).toMatchObject([{ code: 'COUPON_DIFFERS' }]);
    await shop.db('coupons').where({ code }).update({ last_rank: 1 });
  });

  test('nothing within the grace period', async () => {
    const orderId = await shop.paidOrder();
    await reconciler.terminate(orderWorkflowId(orderId));
    await set(orderId, { status: 'CANCELLED', saga_state: 'SETTLED' });
    expect(await new Reconciler(shop, 60_000).examine(orderId)).toEqual([]);
  });
});
