import { randomUUID } from 'node:crypto';
import { Fixture } from '../support/fixture';
import { historyText } from '../support/history-text';
import { expectLedgersToBalance } from '../support/ledgers';
import { refuseRows } from '../support/triggers';
import { until } from '../support/until';

describe('what our own database refuses for good', () => {
  const shop = new Fixture().shop();

  const itemsOf = (workflowId: string) =>
    shop
      .db('operator_items')
      .where({ workflow_id: workflowId })
      .orderBy('id')
      .select('kind', 'step', 'cause', 'state', 'actor');
  const retry = (step: string) => ({
    decisionId: randomUUID(),
    step,
    decision: 'RETRY',
    reason: 'the rule was mended',
    actor: 'lee',
  });

  /** The saga parks at `step`, is listed, shows nothing of the data, and goes on after RETRY. */
  async function parksAt(workflowId: string, step: string, cause: string): Promise<void> {
    await until(
      `${workflowId} to be listed`,
      () => itemsOf(workflowId),
      (items) => items.length === 1,
    );
    expect(await itemsOf(workflowId)).toEqual([{ kind: 'PERMANENT_ERROR', step, cause, state: 'OPEN', actor: null }]);
    const { workflow } = await shop.temporal();
    const text = await until(
      'the failure to be in the history',
      () => historyText(workflow.getHandle(workflowId)),
      (found) => found.includes(cause),
    );
    expect(text).not.toContain('secret');
  }

  async function resolves(workflowId: string, step: string): Promise<void> {
    const { workflow } = await shop.temporal();
    await workflow.getHandle(workflowId).signal('resolveCompensation', retry(step));
    await until(
      `${workflowId} to have been resolved`,
      () => itemsOf(workflowId),
      (items) =>
        items.every(({ state, actor }: { state: string; actor: string }) => state === 'RESOLVED' && actor === 'lee'),
    );
  }

  test('before the first request: the order waits for a person, and RETRY goes on', async () => {
    const sku = await shop.product(5);
    const mend = await refuseRows(
      shop.db,
      'insert on stock_movements',
      `new.sku = '${sku}' and new.kind = 'hold'`,
      '22003',
    );
    const orderId = await shop.order(sku);
    try {
      await parksAt(`order-${orderId}`, 'stock', 'SQLSTATE_22003');
      await shop.workflowReaches(orderId, 'CREATED', 'NEEDS_OPERATOR');
    } finally {
      await mend();
    }
    await resolves(`order-${orderId}`, 'stock');
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'WAITING');
    await shop.pay(orderId);
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    await expectLedgersToBalance(shop, orderId);
  });

  test.each([
    ['beginAttempt', 'update on processing_requests', `new.state = 'RUNNING'`, '23514'],
    ['settleAttempt', 'update on processing_requests', `new.state = 'DONE'`, '54000'],
  ])('%s: the attempt waits for a person, and RETRY goes on', async (step, what, when, sqlState) => {
    const { orderId } = await shop.payableOrder();
    const mend = await refuseRows(shop.db, what, `new.order_id = ${orderId} and ${when}`, sqlState);
    try {
      await shop.pay(orderId);
      await parksAt(`order-${orderId}`, step, `SQLSTATE_${sqlState}`);
    } finally {
      await mend();
    }
    await resolves(`order-${orderId}`, step);
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    await expectLedgersToBalance(shop, orderId);
  });

  test('an attempt that waits so can be compensated', async () => {
    const { orderId } = await shop.payableOrder();
    const mend = await refuseRows(
      shop.db,
      'update on processing_requests',
      `new.order_id = ${orderId} and new.state = 'DONE'`,
      '22001',
    );
    try {
      await shop.pay(orderId);
      await parksAt(`order-${orderId}`, 'settleAttempt', 'SQLSTATE_22001');
      await shop.signal(orderId, 'compensate', { reason: 'given up', actor: 'lee' });
      await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    } finally {
      await mend();
    }
    await expectLedgersToBalance(shop, orderId);
  });

  test('the undo of stock: parks with its code, and RETRY goes on', async () => {
    const { orderId, sku } = await shop.payableOrder(1, 3);
    const mend = await refuseRows(
      shop.db,
      'insert on stock_movements',
      `new.sku = '${sku}' and new.kind = 'release'`,
      '23502',
    );
    try {
      await shop.signal(orderId, 'compensate', { reason: 'given up', actor: 'lee' });
      await until(
        'the park',
        () => itemsOf(`order-${orderId}`),
        (items) => items.length === 1,
      );
      expect(await itemsOf(`order-${orderId}`)).toEqual([
        { kind: 'PARKED_SAGA', step: 'stock', cause: 'SQLSTATE_23502', state: 'OPEN', actor: null },
      ]);
    } finally {
      await mend();
    }
    await resolves(`order-${orderId}`, 'stock');
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    expect(await shop.stock(sku)).toEqual({ free: 3, held: 0, sold: 0 });
    await expectLedgersToBalance(shop, orderId);
  });

  test.each([
    ['beginRefund', `new.status = 'REFUND_REQUESTED'`],
    ['completeRefund', `new.status = 'REFUNDED'`],
  ])('%s: the refund is listed, and RETRY ends it', async (step, when) => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { warehouseStorage: true });
    await shop.reaches(orderId, 'COMPLETED', 'SETTLED');
    const mend = await refuseRows(shop.db, 'update on orders', `new.id = ${orderId} and ${when}`, '22021');
    try {
      await shop.call('POST', `/api/orders/${orderId}/refund`, { body: { reason: 'broken' } });
      await parksAt(`refund-${orderId}`, step, 'SQLSTATE_22021');
    } finally {
      await mend();
    }
    const { actor: _made, ...body } = retry(step);
    expect((await shop.operate('POST', `/sagas/${orderId}/resolve`, body)).status).toBe(202);
    await shop.reaches(orderId, 'REFUNDED', 'SETTLED');
    expect(await itemsOf(`refund-${orderId}`)).toMatchObject([{ state: 'RESOLVED' }]);
    await expectLedgersToBalance(shop, orderId);
  });

  test('the end of a coupon request that cannot even be given up is listed, and RETRY gives it up', async () => {
    const code = await shop.coupon(1);
    const requestId = randomUUID();
    const mend = await refuseRows(shop.db, 'update on coupon_requests', `new.request_id = '${requestId}'`, '22021');
    try {
      await shop.askForCoupon(code, 'kim@example.com', requestId);
      await parksAt(`coupon-${requestId}`, 'failCouponRequest', 'SQLSTATE_22021');
    } finally {
      await mend();
    }
    await resolves(`coupon-${requestId}`, 'failCouponRequest');
    await shop.couponRequestIs(requestId, 'FAILED');
  });

  test('what fails without an end is listed within a minute and heals by itself', async () => {
    const { orderId } = await shop.payableOrder();
    const mend = await refuseRows(
      shop.db,
      'update on processing_requests',
      `new.order_id = ${orderId} and new.state = 'DONE'`,
      '40001',
    );
    try {
      await shop.pay(orderId);
      await until(
        'the item',
        () => itemsOf(`order-${orderId}`),
        (items) => items.length === 1,
        90_000,
      );
      expect(await itemsOf(`order-${orderId}`)).toMatchObject([{ step: null, cause: '40001', state: 'OPEN' }]);
    } finally {
      await mend();
    }
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    expect(await itemsOf(`order-${orderId}`)).toMatchObject([{ state: 'HEALED', actor: null }]);
    await expectLedgersToBalance(shop, orderId);
  });
});
