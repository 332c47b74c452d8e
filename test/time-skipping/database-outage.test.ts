import { sharedSystem } from '../support/environment';
import { Fixture } from '../support/fixture';
import { expectLedgersToBalance } from '../support/ledgers';
import { TcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';
import { TimeHarness } from './time-harness';

/** What an order that waits for its database adds to its history, in hours as in minutes. */
const MOST_EVENTS = 30;

describe('a database that is unavailable for hours', () => {
  const fixture = new Fixture();
  const time = new TimeHarness();
  let proxy: TcpProxy;
  beforeAll(async () => {
    proxy = fixture.use(await TcpProxy.to(sharedSystem().postgres));
    await fixture.use(time).start(proxy);
  });

  test('keeps no order from its end: histories stay short, and everything resumes by itself', async () => {
    const { orders } = time;
    const [untouched, waiting, paying, refunding] = await Promise.all([
      orders.order(),
      orders.payable(),
      orders.payable(),
      orders.preparing({ warehouseStorage: false }),
    ]);
    await orders.shipmentUpdate(refunding.orderId, 'DELIVERED');
    await orders.reaches(refunding.orderId, 'COMPLETED/SETTLED');
    // In the middle of its steps when the database goes.
    await orders.providers.outage(paying.orderId, 'slow', 'carrier', 1_000);
    await orders.pay(paying.orderId);
    await orders.reachesStep(paying.orderId, 'shipment');
    await orders.saveRequest(waiting.orderId).then((request) => {
      proxy.refuse();
      return orders.signal(waiting.orderId, 'paymentRequested', request);
    });
    await orders.start(untouched.orderId);
    await orders.startRefund(refunding.orderId);

    const ids = [`order-${untouched.orderId}`, `order-${waiting.orderId}`, `order-${paying.orderId}`];
    ids.push(`refund-${refunding.orderId}`);
    await until(
      'every workflow to wait in an activity of its own',
      () => Promise.all(ids.map((id) => pendingCall(id))),
      (calls) => calls.every((attempt) => attempt > 1),
    );
    const before = await Promise.all(ids.map((id) => time.orders.eventsOf(id)));
    for (let hour = 0; hour < 3; hour += 1) await time.pass('1 hour');
    const after = await Promise.all(ids.map((id) => time.orders.eventsOf(id)));
    for (const [index, events] of after.entries())
      expect(events - (before[index] as number)).toBeLessThanOrEqual(MOST_EVENTS);

    proxy.restore();
    await time.passUntil(() => orders.state(untouched.orderId), 'PENDING_PAYMENT/WAITING', 30 * 60_000);
    await time.passUntil(() => orders.state(waiting.orderId), 'PREPARING/WAITING', 30 * 60_000);
    await time.passUntil(() => orders.state(paying.orderId), 'PREPARING/WAITING', 30 * 60_000);
    await time.passUntil(() => orders.state(refunding.orderId), 'REFUNDED/SETTLED', 30 * 60_000);
    for (const { orderId } of [untouched, waiting, paying, refunding]) await expectLedgersToBalance(orders, orderId);
    await orders.cancel(untouched.orderId);
  });

  async function pendingCall(workflowId: string): Promise<number> {
    const { raw } = await time.orders.handle(workflowId).describe();
    return raw.pendingActivities?.[0]?.attempt ?? 0;
  }
});
