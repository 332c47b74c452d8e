import { randomUUID } from 'node:crypto';
import { orderWorkflowId, QUERIES, refundWorkflowId, type SagaView } from '../../contracts/workflow-api';
import { couponState } from '../support/coupons';
import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { until } from '../support/until';

/**
 * A workflow task whose completion never reached Temporal: its steps are in the database, and not in the history. A reset
 * to that task makes it so for certain.
 */
describe('a workflow task that is lost after its steps were committed is done again,', () => {
  const shop = new Fixture().shop();

  test('and a paid order stays paid', async () => {
    const { orderId, sku } = await shop.payableOrder(1, 3);
    await shop.pay(orderId);
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    await loseTaskOf(orderWorkflowId(orderId), 'tryAttempt');
    expect(await sagaOf(orderId)).toMatchObject({ status: 'PREPARING', sagaState: 'WAITING', attempt: 1 });
    expect((await shop.providers.ledger(orderId)).map((entry) => entry.type)).toEqual(['charge']);
    expect(await shop.stock(sku)).toEqual({ free: 2, held: 0, sold: 1 });
    await shop.signal(orderId, 'shipmentUpdated', { eventId: randomUUID(), status: 'DELIVERED' });
    await shop.reaches(orderId, 'COMPLETED', 'SETTLED');
    await expectLedgersToBalance(shop, orderId);
  });

  test('and a stored order stays COMPLETED', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { warehouseStorage: true });
    await shop.reaches(orderId, 'COMPLETED', 'SETTLED');
    expect(await resultAfterLoss(orderWorkflowId(orderId), 'tryAttempt')).toBe('COMPLETED');
    expect(await shop.status(orderId)).toMatchObject({ status: 'COMPLETED', saga: { state: 'SETTLED' } });
    await expectLedgersToBalance(shop, orderId);
  });

  test('and a declined order takes the next card', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { token: 'tok_declined' });
    await shop.attemptEnds(orderId);
    await loseTaskOf(orderWorkflowId(orderId), 'failAttempt');
    expect(await sagaOf(orderId)).toMatchObject({ attempt: 1, declines: 1, reason: 'CARD_DECLINED' });
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'WAITING');
    expect((await shop.pay(orderId)).status).toBe(202);
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    expect(await shop.providers.ledger(orderId)).toMatchObject([{ key: `${orderId}:payment:2` }]);
    await expectLedgersToBalance(shop, orderId);
  });

  test('and an attempt that was undone for an outage is tried again, and counts as no decline', async () => {
    const { orderId } = await shop.payableOrder();
    const name = `refuse_${randomUUID().replaceAll('-', '')}`;
    await shop.db.raw(`
      create function ${name}() returns trigger language plpgsql as $$
      begin raise exception 'not now' using errcode = '40001'; end $$;
      create trigger ${name} before update on processing_requests for each row
        when (new.order_id = ${orderId} and new.state = 'FAILED') execute function ${name}();
    `);
    try {
      await shop.providers.outage(orderId, 'unavailable', 'carrier');
      await shop.pay(orderId);
      await shop.reachesStep(orderId, 'payment', 'UNDONE');
      await shop.providers.outage(orderId, 'none', 'carrier');
      await loseTaskOf(orderWorkflowId(orderId), 'charge');
    } finally {
      await shop.db.raw(`drop trigger ${name} on processing_requests; drop function ${name}`);
    }
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    expect(await sagaOf(orderId)).toMatchObject({ attempt: 2, declines: 0, refusals: 0 });
    expect(await shop.attemptEnds(orderId)).toEqual([
      { state: 'FAILED', reason: 'PROVIDER_UNAVAILABLE' },
      { state: 'DONE', reason: null },
    ]);
    await expectLedgersToBalance(shop, orderId);
  });

  test('and a cancelled order stays settled', async () => {
    const { orderId, sku } = await shop.payableOrder(1, 1);
    await shop.call('POST', `/api/orders/${orderId}/cancel`, { body: { reason: 'changed my mind' } });
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    expect(await resultAfterLoss(orderWorkflowId(orderId), 'cancelOrder')).toBe('CANCELLED');
    expect(await shop.status(orderId)).toMatchObject({ status: 'CANCELLED', saga: { state: 'SETTLED' } });
    expect(await shop.stock(sku)).toEqual({ free: 1, held: 0, sold: 0 });
    await expectLedgersToBalance(shop, orderId);
  });

  test('and a cancelled order takes its coupon from no order that has it since', async () => {
    const [sku, code] = await Promise.all([shop.product(5), shop.issuedCoupon()]);
    const paidOrder = async () => {
      const orderId = await shop.order(sku, 1, code);
      await shop.reaches(orderId, 'PENDING_PAYMENT', 'WAITING');
      await shop.pay(orderId);
      await shop.reaches(orderId, 'PREPARING', 'WAITING');
      return orderId;
    };
    const first = await paidOrder();
    await shop.call('POST', `/api/orders/${first}/cancel`, { body: { reason: 'changed my mind' } });
    await shop.reaches(first, 'CANCELLED', 'SETTLED');
    const second = await paidOrder();
    expect(await resultAfterLoss(orderWorkflowId(first), 'restoreCoupon')).toBe('CANCELLED');
    expect(await couponState(shop, code)).toBe(`redeemed by ${second}`);
    for (const orderId of [first, second]) await expectLedgersToBalance(shop, orderId);
  });

  test("and a cancel that came behind the carrier's update is refused", async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId);
    await shop.reaches(orderId, 'PREPARING', 'WAITING');
    await shop.signal(orderId, 'shipmentUpdated', { eventId: randomUUID(), status: 'SHIPMENT_STARTED' });
    await shop.reaches(orderId, 'SHIPMENT_STARTED');
    await shop.signal(orderId, 'compensate', { reason: 'too late', actor: 'lee' });
    await loseTaskOf(orderWorkflowId(orderId), 'advanceDelivery');
    await shop.workflowReaches(orderId, 'SHIPMENT_STARTED', 'WAITING');
    expect((await shop.providers.ledger(orderId)).map((entry) => entry.type)).toEqual(['charge']);
    await expectLedgersToBalance(shop, orderId);
  });

  test('and a refund that was refused is not asked for again', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { token: 'tok_undo_refused:1', warehouseStorage: true });
    await shop.reaches(orderId, 'COMPLETED', 'SETTLED');
    await shop.call('POST', `/api/orders/${orderId}/refund`, { body: { reason: 'broken' } });
    await until(
      'the refusal',
      () => shop.statuses(orderId),
      (statuses) => statuses.slice(-2).join() === 'REFUND_REQUESTED,COMPLETED',
    );
    expect(await resultAfterLoss(refundWorkflowId(orderId), 'refuseRefund')).toBe('COMPLETED');
    expect((await shop.providers.ledger(orderId)).map((entry) => entry.type)).toEqual(['charge']);
    const steps = (await shop.status(orderId)).saga.steps;
    expect(steps).toContainEqual(expect.objectContaining({ step: 'payment', state: 'DONE' }));
    await expectLedgersToBalance(shop, orderId);
  });

  async function sagaOf(orderId: number): Promise<SagaView> {
    const { workflow } = await shop.temporal();
    const ask = () => workflow.getHandle(orderWorkflowId(orderId)).query<SagaView>(QUERIES.saga);
    return until(`order ${orderId} to wait`, ask, (saga) => saga.attempt > 0 && saga.sagaState === 'WAITING');
  }

  async function resultAfterLoss(workflowId: string, step: string): Promise<unknown> {
    const runId = await loseTaskOf(workflowId, step);
    return (await shop.temporal()).workflow.getHandle(workflowId, runId).result();
  }

  /** Sets the workflow back to before the task that did this step; returns the run that goes on from there. */
  async function loseTaskOf(workflowId: string, step: string): Promise<string> {
    const { workflow, workflowService } = await shop.temporal();
    const handle = workflow.getHandle(workflowId);
    const taskOf = async () =>
      (await handle.fetchHistory()).events
        ?.map((event) => event.markerRecordedEventAttributes)
        .find((marker) => JSON.stringify(textsOf(marker?.details)).includes(`\\"${step}\\"`))
        ?.workflowTaskCompletedEventId;
    const lost = await until(`${workflowId} to have done ${step}`, taskOf, (id) => id != null);
    const { runId } = await workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId },
      reason: 'test',
      requestId: randomUUID(),
      workflowTaskFinishEventId: lost,
      resetReapplyExcludeTypes: [UPDATES_OF_LOST_TASKS],
    });
    return runId;
  }
});

/** A signal is in the history before its task; an update comes there with the task's end, and is lost with it. */
const UPDATES_OF_LOST_TASKS = 2;

interface Payloads {
  readonly payloads?: readonly { readonly data?: Uint8Array | null }[] | null;
}

function textsOf(details: Readonly<Record<string, Payloads>> | null | undefined): string[] {
  return Object.values(details ?? {}).flatMap(({ payloads }) =>
    (payloads ?? []).map(({ data }) => Buffer.from(data ?? []).toString()),
  );
}
