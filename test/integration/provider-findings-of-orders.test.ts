import { randomUUID } from 'node:crypto';
import { insertStep, keyOfStep } from '../../db/saga-steps';
import type { Finding } from '../../domain/finding';
import { compareOrders } from '../../operations/reconciliation/provider-findings';
import { readProviders } from '../../operations/reconciliation/provider-readings';
import { sandboxProviders } from '../../providers/sandbox-http';
import { Fixture } from '../support/fixture';
import { Reconciler } from '../support/reconciler';
import { until } from '../support/until';

describe('orders that have gone their way, compared with the providers', () => {
  const shop = new Fixture().shop();
  const system = () => ({ db: shop.db, providers: sandboxProviders({ url: shop.system.sandbox, timeoutMs: 10_000 }) });

  /** Once every list could be read: another test may have made a provider unavailable. */
  async function compare(orderIds: readonly number[]): Promise<readonly Finding[]> {
    await until(
      'every list to be read',
      () => readProviders(system(), undefined),
      (readings) => readings.every(({ unavailable }) => unavailable === undefined),
    );
    const { findings, undecided } = await compareOrders(system(), orderIds, { graceMs: 0 });
    expect(undecided).toEqual([]);
    return findings;
  }

  async function declined(): Promise<number> {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { token: 'tok_declined' });
    await shop.attemptEnds(orderId);
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'WAITING');
    return orderId;
  }

  async function notShipped(): Promise<number> {
    const { orderId } = await shop.payableOrder();
    await shop.pay(orderId, { recipientName: 'fault:ship_refused' });
    await shop.attemptEnds(orderId);
    await shop.reaches(orderId, 'PENDING_PAYMENT', 'WAITING');
    return orderId;
  }

  async function cancelled(): Promise<number> {
    const orderId = await shop.paidOrder();
    await shop.call('POST', `/api/orders/${orderId}/cancel`, { body: { reason: 'changed my mind' } });
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
    return orderId;
  }

  async function refunded(orderId: number): Promise<number> {
    await shop.call('POST', `/api/orders/${orderId}/refund`, { body: { reason: 'broken' } });
    await shop.reaches(orderId, 'REFUNDED', 'SETTLED');
    return orderId;
  }

  async function delivered(): Promise<number> {
    const orderId = await shop.paidOrder();
    await shop.signal(orderId, 'shipmentUpdated', { eventId: randomUUID(), status: 'DELIVERED' });
    await shop.reaches(orderId, 'COMPLETED', 'SETTLED');
    return orderId;
  }

  test('nothing differs, whatever has become of them, until somebody changes it behind our back', async () => {
    const [paid, stored, dropped, ...others] = await Promise.all([
      shop.paidOrder(),
      shop.paidOrder({ warehouseStorage: true }),
      cancelled(),
      shop.paidOrder({ token: 'tok_timeout_after_charge', recipientName: 'fault:ship_timeout_after' }),
      declined(),
      notShipped(),
      delivered().then(refunded),
      shop.paidOrder({ warehouseStorage: true }).then(refunded),
      shop.payableOrder().then(({ orderId }) => orderId),
    ]);
    const all = [paid, stored, dropped, ...others];
    expect(await compare(all)).toEqual([]);

    const { payment, carrier, warehouse } = system().providers;
    const { ref } = await payment.open({
      ...{ key: `${dropped}:payment:9`, orderId: dropped, amountMinor: 700, currency: 'KRW', token: 'tok_visa' },
    });
    await payment.confirm(ref);
    const recipient = { recipientName: 'Kim', phone: '010', postalCode: '04524', address1: 'Seoul', country: 'KR' };
    await carrier.create({ key: `${dropped}:shipment:9`, orderId: dropped, recipient });
    await warehouse.cancel(`${stored}:warehouse:1`);
    await carrier.cancel(`${paid}:shipment:1`);
    const differences = await compare(all);
    const found = differences.map(({ code, subject, amountAtRiskMinor }) => [code, subject, amountAtRiskMinor]);
    expect(found.sort()).toEqual(
      [
        ['PAID_WITHOUT_ORDER', `order-${dropped}/payment/9`, 700],
        ['LIVE_PARCEL', `order-${dropped}/shipment/9`, 1_000],
        ['STORAGE_MISSING', `order-${stored}/warehouse/1`, 1_000],
        ['PARCEL_MISSING', `order-${paid}/shipment/1`, 1_000],
      ].sort(),
    );

    const live = differences.filter(({ code }) => code === 'LIVE_PARCEL');
    const subject = `LIVE_PARCEL/order-${dropped}/shipment/9`;
    expect(await new Reconciler(shop).fix(live, randomUUID())).toEqual({ [subject]: 'FIXED' });
    expect(await carrier.lookup(`${dropped}:shipment:9`)).toMatchObject({ status: 'cancelled' });
  });

  test('a parcel that is there, although its undo succeeded by our records, is cancelled by its key', async () => {
    const orderId = await cancelled();
    const id = { orderId, step: 'shipment', attempt: 2 } as const;
    const { carrier } = system().providers;
    const recipient = { recipientName: 'Kim', phone: '010', postalCode: '04524', address1: 'Seoul', country: 'KR' };
    await carrier.create({ key: keyOfStep(id), orderId, recipient });
    await shop.db.transaction((trx) => insertStep(trx, id, 'UNDONE'));
    const differences = await compare([orderId]);
    expect(differences).toMatchObject([{ code: 'LIVE_PARCEL', evidence: { step: 'UNDONE' } }]);
    const reconciler = new Reconciler(shop);
    await reconciler.list('a run', differences);
    const [live] = differences as [Finding];
    const outcomes = await Promise.all([reconciler.fixListed(live, 'one'), reconciler.fixListed(live, 'other')]);
    expect(outcomes).toContain('FIXED');
    expect(await carrier.lookup(keyOfStep(id))).toMatchObject({ status: 'cancelled' });
    expect(await compare([orderId])).toEqual([]);
  });
});
