import { randomUUID } from 'node:crypto';
import { orderWorkflowId, type SagaView } from '../../contracts/workflow-api';
import { noteCompensation } from '../../db/saga-details';
import { addToTimeline } from '../../db/timeline';
import { examineOrders } from '../../operations/reconciliation/examine-orders';
import { restartWorkflow } from '../../operations/reconciliation/restart';
import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { Reconciler } from '../support/reconciler';
import { refuseRows } from '../support/triggers';
import { until } from '../support/until';

// A provider stays unavailable until the new run is started: the worker of the old one goes on for a while, and could end the order.
describe('what a new run makes of an order whose workflow is over', () => {
  const shop = new Fixture().shop();
  const reconciler = new Reconciler(shop);
  const set = (orderId: number, change: object) => shop.db('orders').where({ id: orderId }).update(change);

  test('an order whose workflow is over before its payment goes on where it was', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { token: 'tok_declined' });
    await shop.attemptEnds(orderId);
    await reconciler.terminate(orderWorkflowId(orderId));
    const [finding] = await reconciler.findEnd(orderId);
    expect(finding).toMatchObject({
      code: 'WORKFLOW_ENDED',
      subject: `order-${orderId}`,
      evidence: { status: 'PENDING_PAYMENT', workflow: 'TERMINATED' },
    });
    expect(await reconciler.fixAll(orderId)).toEqual({ [`WORKFLOW_ENDED/order-${orderId}`]: 'FIXED' });
    await shop.pay(orderId);
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    await expectLedgersToBalance(shop, orderId);
    expect(await reconciler.examine(orderId)).toEqual([]);
  });

  test('a paid order whose workflow is over is delivered, or cancelled, all the same; of two restarts at once one counts', async () => {
    const [delivered, cancelled] = await Promise.all([shop.paidOrder(), shop.paidOrder()]);
    for (const orderId of [delivered, cancelled]) await reconciler.terminate(orderWorkflowId(orderId));
    const findings = await until(
      'both ends to be found',
      () => reconciler.examine(delivered, cancelled),
      (found) => found.length === 2,
    );
    await reconciler.list('both', findings);
    const outcomes = await Promise.all(
      findings.flatMap((finding) => [reconciler.fixListed(finding, 'one'), reconciler.fixListed(finding, 'other')]),
    );
    expect(outcomes).toContain('FIXED');
    for (const status of ['SHIPMENT_STARTED', 'DELIVERED'])
      await shop.signal(delivered, 'shipmentUpdated', { eventId: randomUUID(), status });
    await shop.reaches(delivered, 'COMPLETED', 'SETTLED');
    await shop.call('POST', `/api/orders/${cancelled}/cancel`, { body: { reason: 'changed my mind' } });
    await shop.reaches(cancelled, 'CANCELLED', 'SETTLED');
    for (const orderId of [delivered, cancelled]) await expectLedgersToBalance(shop, orderId);
    expect(await reconciler.examine(delivered, cancelled)).toEqual([]);
  });

  test('an attempt that was under way when its workflow ended is carried on under its own keys', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.providers.outage(orderId, 'unavailable', 'carrier');
    await shop.pay(orderId);
    await shop.reachesStep(orderId, 'payment', 'DONE');
    await reconciler.terminate(orderWorkflowId(orderId));
    expect(await reconciler.fixEnd(orderId)).toBe('FIXED');
    await shop.providers.endFaults('carrier', orderId);
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    await expectLedgersToBalance(shop, orderId);
    expect(await shop.db('money_movements').where({ order_id: orderId }).pluck('kind')).toEqual(['charge']);
  });

  test('a cancel that was under way when its workflow ended is carried to its end', async () => {
    const orderId = await shop.paidOrder();
    await shop.providers.outage(orderId, 'unavailable', 'payment');
    await shop.signal(orderId, 'compensate', { reason: 'asked for by phone', actor: 'lee' });
    await shop.reachesStep(orderId, 'shipment', 'UNDONE');
    await reconciler.terminate(orderWorkflowId(orderId));
    expect(await reconciler.fixEnd(orderId)).toBe('FIXED');
    await shop.providers.endFaults('payment', orderId);
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    await expectLedgersToBalance(shop, orderId);
    expect(await reconciler.examine(orderId)).toEqual([]);
  });

  test('the end of a workflow is found although what it had called still writes', async () => {
    const orderId = await shop.paidOrder();
    await reconciler.terminate(orderWorkflowId(orderId));
    await reconciler.findEnd(orderId);
    const parts = await reconciler.parts();
    const { describe: describeWorkflow } = parts.workflows;
    parts.workflows.describe = async (workflowId) => {
      const described = await describeWorkflow.call(parts.workflows, workflowId);
      await set(orderId, { updated_at: shop.db.fn.now() });
      return described;
    };
    expect(await examineOrders(parts, [orderId])).toMatchObject([{ code: 'WORKFLOW_ENDED' }]);
    expect(await examineOrders({ ...parts, graceMs: 60_000 }, [orderId])).toEqual([]);
  });

  test('a parked cancel whose workflow ended is undone to its end, although its stock is back already', async () => {
    const orderId = await shop.paidOrder({ token: 'tok_undo_refused:1' });
    await shop.signal(orderId, 'compensate', { reason: 'asked for by phone', actor: 'lee' });
    await shop.reaches(orderId, 'PREPARING', 'NEEDS_OPERATOR');
    await shop.reachesStep(orderId, 'stock', 'UNDONE');
    await reconciler.terminate(orderWorkflowId(orderId));
    expect(await reconciler.fixEnd(orderId)).toBe('FIXED');
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    await expectLedgersToBalance(shop, orderId);
    expect(await shop.providers.capturedNet(orderId)).toBe(0);
    const parked = shop.db('operator_items').where({ order_id: orderId, kind: 'PARKED_SAGA' });
    expect(await parked.select('step', 'state', 'decision', 'actor')).toEqual([
      { step: 'payment', state: 'RESOLVED', decision: 'RESTART_WORKFLOW', actor: 'operator:lee' },
    ]);
    expect(await reconciler.examine(orderId)).toEqual([]);
  });

  test('a step that cannot be done waits for a person in the new run as well, and can be retried there', async () => {
    const { orderId } = await shop.payableOrder();
    const mend = await refuseRows(
      shop.db,
      'insert on money_movements',
      `new.order_id = ${orderId} and new.kind = 'charge'`,
      '22003',
    );
    await shop.pay(orderId);
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'NEEDS_OPERATOR');
    await reconciler.terminate(orderWorkflowId(orderId));
    expect(await reconciler.fixEnd(orderId)).toBe('FIXED');
    const items = () => shop.db('operator_items').where({ order_id: orderId, kind: 'PERMANENT_ERROR' }).orderBy('id');
    await until(
      'the step to be listed once more',
      () => items().pluck('state'),
      (states) => states.join() === 'RESOLVED,OPEN',
    );
    await mend();
    const decision = { decisionId: randomUUID(), step: 'payment', decision: 'RETRY', reason: 'mended', actor: 'lee' };
    await shop.signal(orderId, 'resolveCompensation', decision);
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    await expectLedgersToBalance(shop, orderId);
    expect(await shop.db('money_movements').where({ order_id: orderId }).pluck('kind')).toEqual(['charge']);
  });

  test('a cancel that was taken and had not begun when its workflow ended is carried out', async () => {
    const orderId = await shop.paidOrder();
    await reconciler.terminate(orderWorkflowId(orderId));
    const data = { code: 'CANCEL_REQUESTED', reason: 'changed my mind', actor: 'customer' };
    await shop.db.transaction((trx) => addToTimeline(trx, [{ orderId, type: 'notice', data }]));
    expect(await reconciler.fixEnd(orderId)).toBe('FIXED');
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    await expectLedgersToBalance(shop, orderId);
    expect(await reconciler.examine(orderId)).toEqual([]);
  });

  test('a new run knows how often the customer was declined, and how long the stock is held', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { token: 'tok_declined' });
    await shop.attemptEnds(orderId);
    await reconciler.terminate(orderWorkflowId(orderId));
    expect(await reconciler.fixEnd(orderId)).toBe('FIXED');
    const saga = async () =>
      (await shop.temporal()).workflow.getHandle(orderWorkflowId(orderId)).query<SagaView>('saga');
    const { declines, attempt, holdExpiresAt } = await until(
      'the new run to wait',
      saga,
      ({ sagaState }) => sagaState === 'WAITING',
    );
    const [row] = await shop.db('orders').where({ id: orderId }).select('hold_expires_at');
    expect({ declines, attempt }).toEqual({ declines: 1, attempt: 1 });
    expect(Math.abs(Date.parse(String(holdExpiresAt)) - row.hold_expires_at.getTime())).toBeLessThan(5_000);

    await reconciler.terminate(orderWorkflowId(orderId));
    await set(orderId, { hold_expires_at: new Date(0) });
    expect(await reconciler.fixEnd(orderId)).toBe('FIXED');
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    expect((await shop.db('orders').where({ id: orderId }).first('status_reason')).status_reason).toBe('HOLD_EXPIRED');
    expect(await reconciler.examine(orderId)).toEqual([]);
  });

  test('a parked cancel is not forgotten where the new run could not be started', async () => {
    const orderId = await shop.paidOrder();
    await shop.providers.outage(orderId, 'unavailable', 'carrier');
    await shop.signal(orderId, 'compensate', { reason: 'asked for by phone', actor: 'lee' });
    await shop.reaches(orderId, 'PREPARING', 'NEEDS_OPERATOR');
    await reconciler.terminate(orderWorkflowId(orderId));
    const parts = await reconciler.parts();
    parts.workflows.orders.restart = () => Promise.reject(new Error('Temporal is unavailable'));
    const by = { actor: 'operator:lee', reason: 'planted', runId: randomUUID() };
    await expect(restartWorkflow(parts, orderId, by)).rejects.toThrow('Temporal is unavailable');
    expect(await reconciler.fixEnd(orderId)).toBe('FIXED');
    await shop.providers.endFaults('carrier', orderId);
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    await expectLedgersToBalance(shop, orderId);
  });

  test("an operator's cancel is carried out that came while a failed attempt was being undone", async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { token: 'tok_undo_refused:1', recipientName: 'fault:ship_refused' });
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'NEEDS_OPERATOR');
    await reconciler.terminate(orderWorkflowId(orderId));
    const decision = { decisionId: randomUUID(), reason: 'asked for by phone', actor: 'operator:lee' };
    expect(await noteCompensation(shop.db, { orderId, ...decision })).toBe(true);
    expect(await reconciler.fixEnd(orderId)).toBe('FIXED');
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    await expectLedgersToBalance(shop, orderId);
    expect(await shop.providers.capturedNet(orderId)).toBe(0);
  });

  test('a cancel that was refused to the customer is not carried out', async () => {
    const orderId = await shop.paidOrder();
    await reconciler.terminate(orderWorkflowId(orderId));
    const asked = { code: 'CANCEL_REQUESTED', reason: 'changed my mind', actor: 'customer' };
    const refused = { what: 'CANCELLED_BY_CUSTOMER', why: 'NEEDS_OPERATOR' };
    await shop.db.transaction(async (trx) => {
      await addToTimeline(trx, [{ orderId, type: 'notice', data: asked }]);
      await addToTimeline(trx, [{ orderId, type: 'refused', data: refused }]);
    });
    expect(await reconciler.fixEnd(orderId)).toBe('FIXED');
    await shop.signal(orderId, 'shipmentUpdated', { eventId: randomUUID(), status: 'DELIVERED' });
    await shop.reaches(orderId, 'COMPLETED', 'SETTLED');
  });
});
