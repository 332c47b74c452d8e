import { SIGNALS } from '../../contracts/workflow/messages';
import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { TimeHarness } from './time-harness';

const MINUTE = 60_000;

interface OutboxRow {
  readonly topic: string;
  readonly value: string;
  readonly raw: { readonly value: string } | null;
  readonly headers: Record<string, unknown>;
  readonly available_at: Date;
}

describe('a provider that is unavailable', () => {
  const time = new Fixture().declare(new TimeHarness());

  test('uses up the budget of 3 minutes, three retries later and later, and then the order', async () => {
    const { orders } = time;
    const { orderId, sku } = await orders.payable();
    const { eventId } = await orders.pay(orderId, { token: 'tok_unavailable' });
    for (const [retryCount, delayMs] of [30_000, 60_000, 120_000].entries()) {
      const ended = async () => JSON.stringify(await requestStates(orderId));
      const wanted = JSON.stringify([...Array(retryCount + 1).fill('FAILED'), 'PENDING']);
      const spentMs = await time.passUntil(ended, wanted, 4 * MINUTE);
      // The last try ends it, where the next would come too late: tries are at most 30 s apart.
      expect(spentMs).toBeGreaterThanOrEqual(2.5 * MINUTE);
      expect(spentMs).toBeLessThanOrEqual(3 * MINUTE + 10_000);
      await expectLedgersToBalance(orders, orderId);

      const retry = (await outbox(orderId, 'order-retry-topic')).at(-1);
      expect(JSON.parse(retry?.value ?? '')).toMatchObject({ orderId, eventId, retryCount: retryCount + 1 });
      expect(Number(retry?.available_at) - (await orders.stateSince(orderId))).toBe(delayMs);
      await time.pass(delayMs);
      await orders.signal(orderId, SIGNALS.paymentRequested, { eventId, retryCount: retryCount + 1 });
    }
    expect(await orders.orderHandle(orderId).result()).toBe('CANCELLED');
    expect(await orders.row(orderId)).toMatchObject({ status_reason: 'RETRIES_EXHAUSTED', saga_state: 'SETTLED' });
    expect(await requestStates(orderId)).toEqual(['FAILED', 'FAILED', 'FAILED', 'FAILED']);
    expect(await outbox(orderId, 'order-retry-topic')).toHaveLength(3);
    const [deadLetter, ...more] = await outbox(orderId, 'order-processing-topic.DLT');
    expect(more).toEqual([]);
    const text = (base64: string | undefined) => Buffer.from(base64 ?? '', 'base64').toString();
    expect(deadLetter?.headers).toMatchObject({
      'ordersaga-code': [{ base64: Buffer.from('RETRIES_EXHAUSTED').toString('base64') }],
    });
    const original = JSON.parse(text(text(deadLetter?.raw?.value)));
    expect(original).toMatchObject({ orderId, eventId, retryCount: 3 });
    expect(await notified(orderId)).toEqual(['RETRY_SCHEDULED', 'RETRY_SCHEDULED', 'RETRY_SCHEDULED', 'CANCELLED']);
    expect(await orders.stock(sku)).toEqual({ free: 10, held: 0, sold: 0 });
    await expectLedgersToBalance(orders, orderId);
  });

  test('leaves the budget to the others where our credentials were refused meanwhile', async () => {
    const { orders } = time;
    const { orderId } = await orders.payable();
    await orders.providers.gateway('payment', { orderId, operation: 'open', status: 401 });
    await orders.providers.outage(orderId, 'unavailable', 'carrier');
    await orders.pay(orderId);
    await time.pass(170_000);
    expect(await requestStates(orderId)).toEqual(['RUNNING']);
    await orders.providers.endFaults('payment', orderId);
    await time.passUntil(async () => String((await orders.providers.ledger(orderId)).length), '1', MINUTE);
    await time.pass(MINUTE);
    expect(await requestStates(orderId)).toEqual(['RUNNING']);
    await orders.providers.outage(orderId, 'none', 'carrier');
    await time.passUntil(() => orders.state(orderId), 'PREPARING/WAITING', MINUTE);
    expect(await requestStates(orderId)).toEqual(['DONE']);
    await expectLedgersToBalance(orders, orderId);
    await orders.cancel(orderId);
  });

  test('when money is to go back: parks, is asked again every 10 minutes, and unparks by itself', async () => {
    const { orders } = time;
    const { orderId } = await orders.payable();
    await orders.providers.outage(orderId, 'unavailable', 'carrier');
    await orders.pay(orderId, { recipientName: 'fault:ship_refused' });
    await orders.reachesStep(orderId, 'shipment');
    await orders.providers.outage(orderId, 'unavailable');
    await orders.providers.outage(orderId, 'none', 'carrier');
    await time.passUntil(() => orders.state(orderId), 'PENDING_PAYMENT/NEEDS_OPERATOR', 3 * MINUTE);
    const parked = await orders.saga(orderId);
    expect(parked).toMatchObject({ canCancel: false, amountAtRiskMinor: 1_000 });
    const { nextRetryAt } = parked.steps.find((step) => step.step === 'payment') ?? {};
    const gapMs = Date.parse(nextRetryAt ?? '') - (await orders.stateSince(orderId));
    expect(Math.abs(gapMs - 10 * MINUTE)).toBeLessThan(MINUTE);

    const before = await orders.eventsOf(`order-${orderId}`);
    await time.pass('36 hours');
    expect(await orders.state(orderId)).toBe('PENDING_PAYMENT/NEEDS_OPERATOR');
    expect((await orders.eventsOf(`order-${orderId}`)) - before).toBeLessThanOrEqual(10);
    await orders.providers.outage(orderId, 'none');
    await time.passUntil(() => orders.state(orderId), 'PENDING_PAYMENT/WAITING', 12 * MINUTE);
    expect((await orders.providers.ledger(orderId)).map((entry) => entry.type)).toEqual(['charge', 'refund']);
    await expectLedgersToBalance(orders, orderId);
    await orders.cancel(orderId);
  });

  test('when a parcel is to be recalled: nothing else is undone, so that a parcel on its way stays paid', async () => {
    const { orders } = time;
    const { orderId, sku } = await orders.preparing();
    await orders.providers.outage(orderId, 'unavailable', 'carrier');
    const response = orders.cancel(orderId);
    await time.passUntil(() => orders.state(orderId), 'PREPARING/NEEDS_OPERATOR', 3 * MINUTE);
    expect((await orders.providers.ledger(orderId)).map((entry) => entry.type)).toEqual(['charge']);
    expect(await orders.stock(sku)).toEqual({ free: 9, held: 0, sold: 1 });

    await orders.providers.pickUp(orderId);
    await orders.providers.outage(orderId, 'none', 'carrier');
    await time.passUntil(() => orders.state(orderId), 'PREPARING/WAITING', 12 * MINUTE);
    expect(await response).toEqual({ accepted: false, refusedBy: 'ALREADY_PICKED_UP' });
    expect((await orders.providers.ledger(orderId)).map((entry) => entry.type)).toEqual(['charge']);
    await orders.shipmentUpdate(orderId, 'DELIVERED');
    expect(await orders.orderHandle(orderId).result()).toBe('COMPLETED');
    await expectLedgersToBalance(orders, orderId);
  });

  test('when a refund is asked for, and then refuses it: the order is COMPLETED and its stock stays sold', async () => {
    const { orders } = time;
    const { orderId, sku } = await orders.preparing({ token: 'tok_undo_refused:1' });
    await orders.shipmentUpdate(orderId, 'DELIVERED');
    expect(await orders.orderHandle(orderId).result()).toBe('COMPLETED');
    await orders.providers.outage(orderId, 'unavailable');
    await orders.startRefund(orderId);
    await time.passUntil(() => orders.state(orderId), 'REFUND_REQUESTED/NEEDS_OPERATOR', 3 * MINUTE);
    expect(await orders.stock(sku)).toEqual({ free: 9, held: 0, sold: 1 });

    await orders.providers.outage(orderId, 'none');
    expect(await orders.refundHandle(orderId).result()).toBe('COMPLETED');
    expect(await orders.stock(sku)).toEqual({ free: 9, held: 0, sold: 1 });
    await expectLedgersToBalance(orders, orderId);

    await orders.startRefund(orderId);
    expect(await orders.refundHandle(orderId).result()).toBe('REFUNDED');
    expect(await orders.stock(sku)).toEqual({ free: 10, held: 0, sold: 0 });
    await expectLedgersToBalance(orders, orderId);
  });

  async function requestStates(orderId: number): Promise<string[]> {
    return time.orders.db('processing_requests').where({ order_id: orderId }).orderBy('retry_count').pluck('state');
  }

  async function outbox(orderId: number, topic: string): Promise<OutboxRow[]> {
    const rows: unknown = await time.orders
      .db('outbox')
      .where({ key: String(orderId), topic })
      .orderBy('id');
    return rows as OutboxRow[];
  }

  async function notified(orderId: number): Promise<string[]> {
    return time.orders.db('notifications').where({ order_id: orderId }).orderBy('id').pluck('outcome');
  }
});
