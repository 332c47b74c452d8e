import { CONSUMED, deadLetterTopic, TOPICS } from '../../contracts/topics';
import { killEngine, startEngine } from '../../dev/stack/stack';
import { expectMovesInOrder, expectOneChargeEach, payAll, payableOrders, untilAllAre } from '../support/burst';
import { LONG_TIMEOUTS } from '../support/environment';
import { Fixture } from '../support/fixture';
import { endWaiting, holdRows, holdTable, holdWrites, untilWaiting } from '../support/locks';
import { metric } from '../support/metrics';
import { stockEvent, unannouncedOrder } from '../support/processing';
import type { RoleName } from '../support/role-process';
import { expectAllSettled } from '../support/settled';
import { until } from '../support/until';

const BURST = 60;
const RESTART_MS = 60_000;

jest.setTimeout(240_000);

describe('kill -9', () => {
  const fixture = new Fixture();
  const system = fixture.system('kill', LONG_TIMEOUTS);
  const shop = fixture.shop(system);
  const broker = fixture.broker([TOPICS.orderProcessing, TOPICS.orderStatusChanged], system);

  const kill = (role: RoleName) => system.role(role).end('SIGKILL');

  const untilPayment = (orderId: number, wanted: string) =>
    until(
      `the payment of order ${orderId} to be ${wanted}`,
      () => paymentState(orderId),
      (state) => state === wanted,
    );
  const paymentState = async (orderId: number): Promise<string | undefined> =>
    (await shop.db('saga_steps').where({ order_id: orderId, step: 'payment' }).first('state'))?.state;

  test('of the worker, while one charge and one refund are at the provider and twenty orders on their way', async () => {
    const [charging, refunding, ...others] = (await payableOrders(shop, 22)) as [number, number, ...number[]];
    await shop.providers.outage(refunding, 'unavailable', 'carrier');
    await shop.pay(refunding, { recipientName: 'fault:ship_refused' });
    await untilPayment(refunding, 'DONE');
    // Shorter than a call may take, and longer than all that comes until the kill.
    await shop.providers.outage(refunding, 'slow', 'payment', 25_000);
    await shop.providers.outage(refunding, 'none', 'carrier');
    await untilPayment(refunding, 'UNDOING');
    await payAll(shop, others);
    await shop.pay(charging, { token: 'tok_timeout_after_charge' });
    await until(
      'the provider to have charged',
      () => shop.providers.ledger(charging),
      (entries) => entries.length > 0,
    );
    await kill('worker');
    expect([await paymentState(charging), await paymentState(refunding)]).toEqual(['UNKNOWN', 'UNDOING']);

    await shop.providers.outage(refunding, 'none');
    await system.startRole('worker');
    await untilAllAre(shop, [charging, ...others], 'PREPARING');
    await shop.reaches(refunding, 'PENDING_PAYMENT', 'WAITING', RESTART_MS);
    expect((await shop.providers.ledger(refunding)).map(({ type }) => type)).toEqual(['charge', 'refund']);
    await expectOneChargeEach(shop, [charging, ...others]);
    await expectAllSettled(shop, [charging, refunding, ...others]);
  });

  test('of the bridge, with records that it has signalled and not committed, and others that it has only read', async () => {
    const orderIds = await payableOrders(shop, BURST);
    const sku = await shop.product(5);
    const unannounced = await Promise.all([1, 2, 3].map(() => unannouncedOrder(shop, sku)));
    system.role('bridge').freeze();
    await payAll(shop, orderIds);
    const held = orderIds.slice(0, 10);
    const isTaken = `new.order_id in (${held.join()}) and new.record is distinct from old.record`;
    const releaseRows = await holdWrites(shop.db, 'update on processing_requests', isTaken);
    system.role('bridge').freeze(false);
    // Some records wait before they are signalled; others behind them are signalled, and can't be committed before them.
    await untilWaiting(shop.db, 'bridge', 'rows', 3);
    await until(
      'others to be signalled',
      () => shop.db('orders').whereIn('id', orderIds).where({ status: 'PREPARING' }).pluck('id'),
      (signalled) => signalled.length > 0,
    );
    const releaseTable = await holdTable(shop.db, 'orders');
    for (const orderId of unannounced) await broker.publish(TOPICS.stockDecreaseRequested, stockEvent(orderId, sku));
    await untilWaiting(shop.db, 'bridge', 'table');
    await kill('bridge');
    await endWaiting(shop.db, 'bridge');
    await Promise.all([releaseRows(), releaseTable()]);

    await system.startRole('bridge');
    await untilAllAre(shop, orderIds, 'PREPARING');
    await untilAllAre(shop, unannounced, 'PENDING_PAYMENT');
    await broker.untilCommitted(TOPICS.orderProcessing, RESTART_MS);
    await expectOneChargeEach(shop, orderIds);
    await expectAllSettled(shop, [...orderIds, ...unannounced]);
  });

  test('of the relay, after it has published and before it has marked that', async () => {
    const orderIds = await payableOrders(shop, BURST);
    const keys = orderIds.map(String);
    await until(
      'the relay to have nothing to do, so that what it marks next are the payments',
      async () =>
        Number((await shop.db('outbox').whereIn('key', keys).whereNull('published_at').count('id as n'))[0]?.n),
      (count) => count === 0,
      RESTART_MS,
    );
    system.role('relay').freeze();
    await payAll(shop, orderIds);
    const release = await holdRows(shop.db, 'outbox', 'key', keys);
    system.role('relay').freeze(false);
    await untilWaiting(shop.db, 'relay', 'rows');
    await kill('relay');
    await endWaiting(shop.db, 'relay');
    await release();

    await system.startRole('relay');
    await untilAllAre(shop, orderIds, 'PREPARING');
    await broker.untilRecords(TOPICS.orderProcessing, keys, BURST + 1, RESTART_MS);
    await expectAllSettled(shop, orderIds);
    await expectOneChargeEach(shop, orderIds);
    await expectMovesInOrder(shop, broker, orderIds);
  });

  test("of Temporal's server, with orders coming in: nothing is dead, and the partitions go on by themselves", async () => {
    const waiting = await payableOrders(shop, 20);
    await killEngine(system.addresses.stackName, 'temporal');
    const sku = await shop.product(20);
    const created = await Promise.all(Array.from({ length: 20 }, () => shop.order(sku)));
    await payAll(shop, waiting);
    const paused = () => metric(system.addresses.probes.bridge, 'ordersaga_kafka_partition_paused');
    await until('partitions of both topics to be paused', paused, (count) => count >= 2, RESTART_MS);
    // Behind records that wait for Temporal, and read again with them at each try.
    for (const partition of [0, 1, 2])
      await broker.write(TOPICS.orderProcessing, { key: `poison-${partition}`, value: 'nonsense', partition });
    const dead = () => broker.countOf(deadLetterTopic(TOPICS.orderProcessing));
    await until('the poison to be dead', dead, (count) => count >= 3);
    await startEngine(system.addresses.stackName, 'temporal');

    await untilAllAre(shop, waiting, 'PREPARING');
    await untilAllAre(shop, created, 'PENDING_PAYMENT');
    await until('no partition to be paused', paused, (count) => count === 0, RESTART_MS);
    await expectOneChargeEach(shop, waiting);
    await expectAllSettled(shop, [...waiting, ...created]);
    for (const { topic } of CONSUMED)
      expect([topic, await broker.countOf(deadLetterTopic(topic))]).toEqual([
        topic,
        topic === TOPICS.orderProcessing ? 3 : 0,
      ]);
  });
});
