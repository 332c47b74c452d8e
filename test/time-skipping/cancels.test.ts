import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { until } from '../support/until';
import { TimeHarness } from './time-harness';

const ACCEPTED = { accepted: true };

describe('a cancel', () => {
  const time = new Fixture().declare(new TimeHarness());

  test.each(['PENDING_PAYMENT', 'PREPARING'])("by Temporal's own Cancel undoes an order in %s", async (status) => {
    const { orders } = time;
    const { orderId, sku } = status === 'PREPARING' ? await orders.preparing() : await orders.payable();
    await orders.orderHandle(orderId).cancel();
    expect(await orders.orderHandle(orderId).result()).toBe('CANCELLED');
    expect((await orders.row(orderId)).status_reason).toBe('CANCELLED_IN_TEMPORAL');
    expect(await orders.stock(sku)).toEqual({ free: 10, held: 0, sold: 0 });
    await expectLedgersToBalance(orders, orderId);
  });

  test("by Temporal's own Cancel of a parcel on its way is refused, written down, and delivery goes on", async () => {
    const { orders } = time;
    const { orderId } = await orders.preparing();
    await orders.shipmentUpdate(orderId, 'SHIPMENT_STARTED');
    await orders.reaches(orderId, 'SHIPMENT_STARTED/WAITING');
    await orders.orderHandle(orderId).cancel();
    await until(
      'the refusal',
      () => orders.timeline(orderId, 'refused'),
      (rows) => rows.length > 0,
    );
    expect((await orders.timeline(orderId, 'refused'))[0]?.data).toEqual({
      what: 'CANCELLED_IN_TEMPORAL',
      why: 'ORDER_SHIPMENT_STARTED',
    });
    await orders.signal(orderId, 'compensate', { reason: 'too late', actor: 'lee' });
    await orders.signal(orderId, 'resolveCompensation', 'nonsense');
    await orders.shipmentUpdate(orderId, 'DELIVERED');
    expect(await orders.orderHandle(orderId).result()).toBe('COMPLETED');
    expect(await orders.timeline(orderId, 'refused')).toHaveLength(3);
    await expectLedgersToBalance(orders, orderId);
  });

  test("by Temporal's own Cancel of a refund is refused, and the refund is carried to its end", async () => {
    const { orders } = time;
    const { orderId } = await orders.preparing();
    await orders.shipmentUpdate(orderId, 'DELIVERED');
    await orders.orderHandle(orderId).result();
    await orders.providers.outage(orderId, 'unavailable');
    await orders.startRefund(orderId);
    await orders.reaches(orderId, 'REFUND_REQUESTED/RUNNING');
    await orders.refundHandle(orderId).cancel();
    await until(
      'the refusal',
      () => orders.timeline(orderId, 'refused'),
      (rows) => rows.length > 0,
    );
    await orders.refundHandle(orderId).signal('resolveCompensation', { step: 'payment' });
    await until(
      'the other refusal',
      () => orders.timeline(orderId, 'refused'),
      (rows) => rows.length > 1,
    );
    await orders.providers.outage(orderId, 'none');
    expect(await orders.refundHandle(orderId).result()).toBe('REFUNDED');
    await expectLedgersToBalance(orders, orderId);
  });

  test('while a charge is in flight is answered after all is undone', async () => {
    const { orders } = time;
    const { orderId, sku } = await orders.payable();
    await orders.pay(orderId, { token: 'tok_timeout_after_charge' });
    await until(
      'the provider to have charged',
      () => orders.providers.ledger(orderId),
      (entries) => entries.length > 0,
    );
    // Its outcome is unknown: the call has no response, and a look-up finds the provider unavailable.
    await orders.providers.outage(orderId, 'unavailable');
    const response = orders.cancel(orderId);
    await until(
      'the charge to be taken back',
      () => orders.db('saga_steps').where({ order_id: orderId, step: 'payment' }).pluck('state'),
      ([state]) => state === 'UNDOING' || state === 'UNDO_FAILED',
    );
    await orders.providers.outage(orderId, 'none');
    expect(await response).toEqual(ACCEPTED);
    expect((await orders.providers.ledger(orderId)).map((entry) => entry.type)).toEqual(['charge', 'refund']);
    expect(await orders.row(orderId)).toMatchObject({ status: 'CANCELLED', status_reason: 'CANCELLED_BY_CUSTOMER' });
    expect(await requestStates(orderId)).toEqual(['FAILED']);
    expect(await orders.providers.capturedNet(orderId)).toBe(0);
    expect(await orders.stock(sku)).toEqual({ free: 10, held: 0, sold: 0 });
    await expectLedgersToBalance(orders, orderId);
  });

  test('while a charge is looked up and tried again, minutes long, does not wait for the budget', async () => {
    const { orders } = time;
    const { orderId } = await orders.payable();
    await orders.pay(orderId, { token: 'tok_unavailable' });
    await orders.reachesStep(orderId, 'payment');
    await time.pass('20 seconds');
    const startedAt = Date.now();
    expect(await orders.cancel(orderId)).toEqual(ACCEPTED);
    expect(Date.now() - startedAt).toBeLessThan(10_000);
    expect(await orders.orderHandle(orderId).result()).toBe('CANCELLED');
    await expectLedgersToBalance(orders, orderId);
  });

  test('while a failed attempt is being undone ends the order, and no request stays open', async () => {
    const { orders } = time;
    const { orderId } = await orders.payable();
    await orders.providers.outage(orderId, 'slow', 'payment', 1_000);
    await orders.pay(orderId, { recipientName: 'fault:ship_refused' });
    await orders.reaches(orderId, 'PENDING_PAYMENT/COMPENSATING');
    expect(await orders.cancel(orderId)).toEqual(ACCEPTED);
    expect(await requestStates(orderId)).toEqual(['FAILED']);
    expect((await orders.providers.ledger(orderId)).map((entry) => entry.type)).toEqual(['charge', 'refund']);
    await expectLedgersToBalance(orders, orderId);
  });

  test('before the stock step has run leaves nothing held', async () => {
    const { orders } = time;
    const { orderId, sku } = await orders.order();
    await orders.start(orderId);
    await orders.orderHandle(orderId).cancel();
    expect(await orders.orderHandle(orderId).result()).toBe('CANCELLED');
    expect(await orders.stock(sku)).toEqual({ free: 10, held: 0, sold: 0 });
    await expectLedgersToBalance(orders, orderId);
  });

  test('of a run that finds the order claimed by another touches nothing of it', async () => {
    const { orders } = time;
    const { orderId, sku } = await orders.order();
    await orders.db('orders').where({ id: orderId }).update({ run_id: 'of-another-run' });
    await orders.start(orderId);
    await orders.orderHandle(orderId).cancel();
    expect(await orders.orderHandle(orderId).result()).toBe('DUPLICATE');
    expect(await orders.state(orderId)).toBe('CREATED/RUNNING');
    expect(await orders.db('saga_steps').where({ order_id: orderId })).toEqual([]);
    expect(await orders.stock(sku)).toEqual({ free: 10, held: 0, sold: 0 });
  });

  test('comes by itself after the third decline', async () => {
    const { orders } = time;
    const { orderId, sku } = await orders.payable();
    for (const declines of [1, 2, 3]) {
      await orders.pay(orderId, { token: 'tok_declined' });
      const failed = Array<string>(declines).fill('FAILED').join();
      await until(
        'the decline',
        async () => (await requestStates(orderId)).join(),
        (states) => states === failed,
      );
    }
    expect(await orders.orderHandle(orderId).result()).toBe('CANCELLED');
    expect((await orders.row(orderId)).status_reason).toBe('TOO_MANY_DECLINES');
    expect(await orders.stock(sku)).toEqual({ free: 10, held: 0, sold: 0 });
    await expectLedgersToBalance(orders, orderId);
  });

  test('is rejected without a trace in history where it is malformed or impossible', async () => {
    const { orders } = time;
    const { orderId } = await orders.preparing();
    const ask = (command: unknown) => orders.orderHandle(orderId).executeUpdate('cancel', { args: [command] });
    for (const nonsense of [undefined, null, 'please', {}, { reason: 'x' }, { reason: 1, actor: 'lee' }])
      await expect(ask(nonsense)).rejects.toMatchObject({ cause: { type: 'NOT_CANCELLABLE' } });
    await orders.shipmentUpdate(orderId, 'IN_TRANSIT');
    await orders.reaches(orderId, 'IN_TRANSIT/WAITING');
    const late = { reason: 'too late', actor: 'customer' };
    await expect(ask(late)).rejects.toMatchObject({ cause: { message: 'ORDER_IN_TRANSIT' } });
    const { events } = await orders.orderHandle(orderId).fetchHistory();
    expect((events ?? []).some((event) => event.workflowExecutionUpdateAcceptedEventAttributes)).toBe(false);
    await orders.shipmentUpdate(orderId, 'DELIVERED');
    await orders.orderHandle(orderId).result();
  });

  async function requestStates(orderId: number): Promise<string[]> {
    return time.orders.db('processing_requests').where({ order_id: orderId }).orderBy('created_at').pluck('state');
  }
});
