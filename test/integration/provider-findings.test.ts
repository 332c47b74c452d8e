import { type Db, openDatabase } from '../../db/connection';
import { coverageOf, databaseTime, saveProviderRecords } from '../../db/provider-records';
import { migrateSchema } from '../../db/schema';
import type { Finding } from '../../domain/finding';
import { nextStatuses, type OrderStatus } from '../../domain/order-status';
import type { SagaState } from '../../domain/saga-state';
import { findProviderDifferences } from '../../operations/reconciliation/provider-findings';
import { readProviders } from '../../operations/reconciliation/provider-readings';
import { type Providers, sandboxProviders } from '../../providers/sandbox-http';
import { runningSandbox } from '../../sandbox/running-sandbox';
import { sharedSystem } from '../support/environment';
import { Fixture } from '../support/fixture';
import { ownDatabase } from '../support/own-database';

const GRACE_MS = 60_000;
const TOTAL = 5_000;
const recipient = { recipientName: 'Kim', phone: '010', postalCode: '04524', address1: 'Sejong-daero', country: 'KR' };

/** Orders as a saga leaves them, made by SQL and at a sandbox of the test's own, and then made to differ. */
describe('what the providers have', () => {
  const fixture = new Fixture();
  const sandbox = runningSandbox();
  let db: Db;
  let providers: Providers;
  beforeAll(async () => {
    db = openDatabase({ url: await ownDatabase(fixture, sharedSystem().postgres), poolMax: 6 });
    fixture.defer(() => db.destroy());
    await migrateSchema(db);
    await db('products').insert({ sku: 'mug', name: 'Mug', price_minor: TOTAL, free_units: 100, held_units: 0 });
  });
  beforeEach(async () => {
    await db.raw(
      'truncate orders, order_lines, stock_movements, money_movements, saga_steps, resolutions, timeline, provider_records, provider_readings cascade',
    );
    await sandbox.restart({ defaults: { pageSize: 2 } });
    providers = sandboxProviders({ url: sandbox.url(), timeoutMs: 10_000 });
  });

  const system = () => ({ db, providers });
  const LONG_AGO = () => new Date(Date.now() - 2 * GRACE_MS);

  async function order(status: OrderStatus, sagaState: SagaState = 'SETTLED'): Promise<number> {
    const [{ id }] = (await db('orders')
      .insert({ user_id: 'kim', user_email: 'kim@example.com', currency: 'KRW', total_minor: TOTAL })
      .returning('id')) as [{ id: number }];
    for (const passed of pathTo(status)) await db('orders').where({ id }).update({ status: passed });
    const at = LONG_AGO();
    await db('orders').where({ id }).update({ saga_state: sagaState, updated_at: at, created_at: at });
    return id;
  }

  async function step(orderId: number, name: string, state: string, providerRef: string | null = null): Promise<void> {
    const row = { order_id: orderId, step: name, attempt: 1, state, provider_ref: providerRef, updated_at: LONG_AGO() };
    await db('saga_steps').insert({ ...row, key: `${orderId}:${name}:1` });
  }

  async function money(orderId: number, kind: 'charge' | 'refund' | 'adjustment', ref: string): Promise<void> {
    const row = { order_id: orderId, kind, amount_minor: TOTAL, key: `${orderId}:payment:1`, provider_ref: ref };
    await db('money_movements').insert({ ...row, at: LONG_AGO() });
  }

  async function charged(orderId: number, key = `${orderId}:payment:1`): Promise<string> {
    const request = { key, orderId, amountMinor: TOTAL, currency: 'KRW', token: 'tok_visa' };
    const { ref } = await providers.payment.open(request);
    await providers.payment.confirm(ref);
    return ref;
  }
  const shipped = (orderId: number) => providers.carrier.create({ key: `${orderId}:shipment:1`, orderId, recipient });
  const stored = (orderId: number) =>
    providers.warehouse.store({ key: `${orderId}:warehouse:1`, orderId, recipientName: 'Kim' });

  const stockMoved = (orderId: number, kind: 'sell' | 'return') =>
    db('stock_movements').insert({ sku: 'mug', order_id: orderId, kind, units: 1, key: `${orderId}:stock:0` });
  const sold = (orderId: number) => stockMoved(orderId, 'sell');

  /** Paid, with a parcel that waits for the carrier; stored: in the warehouse. */
  async function paidOrder({ isStored = false } = {}): Promise<{ orderId: number; ref: string }> {
    const orderId = await order(isStored ? 'COMPLETED' : 'PREPARING', isStored ? 'SETTLED' : 'WAITING');
    const ref = await charged(orderId);
    const { trackingNumber } = await shipped(orderId);
    await step(orderId, 'payment', 'DONE', ref);
    await step(orderId, 'shipment', 'DONE', trackingNumber);
    await money(orderId, 'charge', ref);
    await sold(orderId);
    if (isStored) await step(orderId, 'warehouse', 'DONE', (await stored(orderId)).ref);
    return { orderId, ref };
  }

  /** Paid and cancelled; what the providers still have of it is left out of `undone`. */
  async function cancelledOrder({ undone = ['payment', 'shipment'] }: { undone?: string[] } = {}) {
    const { orderId, ref } = await paidOrder();
    await db('orders').where({ id: orderId }).update({ status: 'CANCELLED', saga_state: 'SETTLED' });
    await db('saga_steps').where({ order_id: orderId }).update({ state: 'UNDONE' });
    await money(orderId, 'refund', ref);
    await stockMoved(orderId, 'return');
    if (undone.includes('payment')) await providers.payment.close(ref);
    if (undone.includes('shipment')) await providers.carrier.cancel(`${orderId}:shipment:1`);
    return { orderId, ref };
  }

  /** The times of what a provider has are its own: it is as if the grace had passed since. */
  const laterThanGrace = () => db('provider_records').update({ changed_at: LONG_AGO() });

  async function compare(since?: Date) {
    const findings: Finding[] = [];
    const undecided: string[] = [];
    for await (const page of findProviderDifferences(system(), { graceMs: GRACE_MS, since })) {
      findings.push(...page.findings);
      undecided.push(...page.undecided.map(({ code, subject }) => `${code} ${subject}`));
    }
    const found = [...new Set(findings.map(({ code, subject }) => `${code} ${subject}`))].sort();
    return { findings, found, undecided };
  }

  async function reconcile(since?: Date) {
    expect(await readProviders(system(), undefined)).toEqual([
      expect.not.objectContaining({ unavailable: expect.anything() }),
      expect.not.objectContaining({ unavailable: expect.anything() }),
      expect.not.objectContaining({ unavailable: expect.anything() }),
    ]);
    await laterThanGrace();
    return compare(since);
  }

  test('differs in nothing from orders that are paid, stored, cancelled', async () => {
    await paidOrder();
    await paidOrder({ isStored: true });
    await cancelledOrder();
    await order('PENDING_PAYMENT', 'WAITING');
    const since = new Date(0);
    expect(await reconcile()).toEqual({ findings: [], found: [], undecided: [] });
    expect(await compare(since)).toEqual({ findings: [], found: [], undecided: [] });
  });

  test('is found where it is not what we have', async () => {
    const expected: string[] = [];
    const expectFinding = (code: string, subject: string) => expected.push(`${code} ${subject}`);

    const kept = await cancelledOrder({ undone: ['shipment'] });
    expectFinding('PAID_WITHOUT_ORDER', `order-${kept.orderId}/payment/1`);
    const byHand = await paidOrder();
    expectFinding('PAID_WITHOUT_ORDER', `payment/${await charged(byHand.orderId, 'by-hand')}`);
    expectFinding('PAID_WITHOUT_ORDER', `payment/${await charged(999_999_999)}`);

    const vanished = await order('PREPARING', 'WAITING');
    await step(vanished, 'payment', 'DONE', 'pay_nobody');
    await money(vanished, 'charge', 'pay_nobody');
    await sold(vanished);
    expectFinding('PAYMENT_MISSING', `order-${vanished}/payment/1`);

    const uncaptured = await order('PREPARING', 'WAITING');
    const request = { orderId: uncaptured, amountMinor: TOTAL, currency: 'KRW', token: 'tok_visa' };
    const { ref } = await providers.payment.open({ ...request, key: `${uncaptured}:payment:1` });
    await step(uncaptured, 'payment', 'DONE', ref);
    await money(uncaptured, 'charge', ref);
    await sold(uncaptured);
    expectFinding('PAYMENT_MISSING', `order-${uncaptured}/payment/1`);

    const changed = await paidOrder();
    await db('money_movements').where({ order_id: changed.orderId }).update({ amount_minor: 4_000 });
    expectFinding('AMOUNT_DIFFERS', `order-${changed.orderId}/payment/1`);
    const givenBack = await paidOrder();
    await providers.payment.close(givenBack.ref);
    expectFinding('AMOUNT_DIFFERS', `order-${givenBack.orderId}/payment/1`);

    const live = await cancelledOrder({ undone: ['payment'] });
    expectFinding('LIVE_PARCEL', `order-${live.orderId}/shipment/1`);
    const inStorage = await cancelledOrder();
    await stored(inStorage.orderId);
    expectFinding('LIVE_STORAGE', `order-${inStorage.orderId}/warehouse/1`);
    const unshipped = await paidOrder();
    await providers.carrier.cancel(`${unshipped.orderId}:shipment:1`);
    expectFinding('PARCEL_MISSING', `order-${unshipped.orderId}/shipment/1`);
    const unstored = await paidOrder({ isStored: true });
    await providers.warehouse.cancel(`${unstored.orderId}:warehouse:1`);
    expectFinding('STORAGE_MISSING', `order-${unstored.orderId}/warehouse/1`);

    const { found, findings } = await reconcile();
    expect(found).toEqual(expected.sort());
    expect((await compare(new Date(0))).found).toEqual(expected);
    const amounts = findings.find(({ subject }) => subject === `order-${changed.orderId}/payment/1`);
    expect(amounts).toMatchObject({
      ...{ orderId: changed.orderId, step: 'payment', attempt: 1, amountAtRiskMinor: 1_000 },
      evidence: { capturedMinor: 5_000, ledgerChargedMinor: 4_000, order: 'PREPARING' },
    });
  });

  test('is no finding while it is under way, has changed just now, or was ended by a person', async () => {
    const moving = await paidOrder();
    await db('orders').where({ id: moving.orderId }).update({ saga_state: 'RUNNING' });
    const justNow = await cancelledOrder({ undone: [] });
    await db('saga_steps').where({ order_id: justNow.orderId }).update({ updated_at: db.fn.now() });
    const parked = await cancelledOrder({ undone: [] });
    await db('orders').where({ id: parked.orderId }).update({ saga_state: 'NEEDS_OPERATOR' });
    await db('saga_steps').where({ order_id: parked.orderId }).update({ state: 'UNDO_FAILED' });
    const byHand = await cancelledOrder({ undone: [] });
    await db('money_movements').where({ order_id: byHand.orderId, kind: 'refund' }).update({ kind: 'adjustment' });
    for (const [name, decision] of [
      ['payment', 'SKIP'],
      ['shipment', 'DONE_EXTERNALLY'],
    ] as const)
      await db('resolutions').insert({
        decision_id: name,
        order_id: byHand.orderId,
        step: name,
        decision,
        reason: 'why',
        actor: 'lee',
      });
    await providers.carrier.cancel(`${moving.orderId}:shipment:1`);
    expect(await reconcile()).toEqual({ findings: [], found: [], undecided: [] });
  });

  test('is no finding any more once either side has changed since its list was read', async () => {
    const paid = await cancelledOrder({ undone: ['shipment'] });
    const shippedOn = await cancelledOrder({ undone: ['payment'] });
    expect((await reconcile()).found).toHaveLength(2);
    await providers.payment.close(paid.ref);
    await providers.carrier.cancel(`${shippedOn.orderId}:shipment:1`);
    expect(await compare()).toEqual({ findings: [], found: [], undecided: [] });
    await reconcile();
    const statuses = (await db('provider_records').orderBy('provider').pluck('status')) as string[];
    expect(statuses).toEqual(['CANCELLED', 'CANCELLED', 'closed', 'closed']);
  });

  test('is undecided while the provider cannot confirm it, and the other providers are compared', async () => {
    const paid = await cancelledOrder({ undone: ['shipment'] });
    const shippedOn = await cancelledOrder({ undone: ['payment'] });
    await reconcile();
    const before = await coverageOf(db, 'payment');
    await sandbox.call('PUT', '/faults/payment', { mode: 'unavailable' });

    const seen: string[] = [];
    const readings = await readProviders(system(), undefined, ({ provider, records }) => {
      seen.push(`${provider} ${records}`);
    });
    expect(readings).toMatchObject([
      { provider: 'payment', records: 0, unavailable: 'PROVIDER_UNAVAILABLE' },
      { provider: 'carrier', records: 2 },
      { provider: 'warehouse', records: 0 },
    ]);
    expect(seen).toEqual(['carrier 2', 'warehouse 0']);
    expect(await coverageOf(db, 'payment')).toEqual(before);
    expect(await coverageOf(db, 'carrier')).not.toEqual(before);
    expect(await compare()).toMatchObject({
      found: [`LIVE_PARCEL order-${shippedOn.orderId}/shipment/1`],
      undecided: [`PAID_WITHOUT_ORDER order-${paid.orderId}/payment/1`],
    });
  });

  test('is mirrored once, however often it is read, and as it was seen last', async () => {
    const { ref } = await paidOrder({ isStored: true });
    const mirror = async () =>
      (await db('provider_records').orderBy('provider').select('provider', 'ref', 'status', 'changed_at')) as unknown[];
    const beforeReading = await databaseTime(db);
    await readProviders(system(), undefined);
    const once = await mirror();
    expect(once).toHaveLength(3);
    await Promise.all([readProviders(system(), undefined), readProviders(system(), new Date(0))]);
    expect(await mirror()).toEqual(once);

    const late = { provider: 'payment', ref, key: 'k', orderId: 1, status: 'open', changedAt: new Date() } as const;
    const amounts = { capturedMinor: 0, refundedMinor: 0, currency: 'KRW' };
    await saveProviderRecords(db, [{ ...late, ...amounts }], beforeReading);
    expect(await mirror()).toEqual(once);
    const [first, second] = [
      { ...late, ...amounts },
      { ...late, ...amounts, status: 'closed' },
    ];
    await saveProviderRecords(db, [first, second], await databaseTime(db));
    expect(await db('provider_records').where({ ref }).pluck('status')).toEqual(['closed']);
  });

  test('is read on after a response that failed', async () => {
    for (const orderId of [1, 2, 3]) await shipped(orderId);
    const fault = { mode: 'gateway', operation: 'list', status: 502, body: '<html>', times: 2 };
    await sandbox.call('PUT', '/faults/carrier', fault);
    expect(await readProviders(system(), undefined)).toContainEqual({ provider: 'carrier', records: 3 });
  });

  test('is not read for ever from a list that has no end', async () => {
    const cursors = ['a', 'b', 'c', 'd', 'b', 'c', 'd'];
    let asked = 0;
    const endless = () => Promise.resolve({ records: [], next: cursors[asked < 4 ? asked++ : 4 + (asked++ % 3)] });
    const carrier = { ...providers.carrier, list: endless };
    const readings = await readProviders({ db, providers: { ...providers, carrier } }, undefined);
    expect(readings).toMatchObject([{}, { provider: 'carrier', unavailable: 'PROVIDER_UNAVAILABLE' }, {}]);
    expect(await coverageOf(db, 'carrier')).toBeUndefined();
    expect(await coverageOf(db, 'warehouse')).toBeDefined();
  });
});

function pathTo(status: OrderStatus): OrderStatus[] {
  const paths: OrderStatus[][] = [['CREATED']];
  for (const path of paths) {
    const last = path.at(-1) as OrderStatus;
    if (last === status) return path;
    paths.push(
      ...nextStatuses(last)
        .filter((next) => !path.includes(next))
        .map((next) => [...path, next]),
    );
  }
  return [];
}
