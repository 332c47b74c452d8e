import { deadLetterTopic, TOPICS } from '../../contracts/topics';
import { expectOneChargeEach, payAll, payableOrders, untilAllAre } from '../support/burst';
import { LONG_TIMEOUTS } from '../support/environment';
import { Fixture } from '../support/fixture';
import { holdRows, untilWaiting } from '../support/locks';
import { recordOutcomes } from '../support/metrics';
import { expectAllSettled } from '../support/settled';
import { until } from '../support/until';

const BURST = 30;
/** Half of what is commonly granted before a kill. */
const SOON_MS = 5_000;
/** What is commonly granted before a kill. */
const GRACE_MS = 30_000;

jest.setTimeout(240_000);

describe('SIGTERM under load: a role finishes what it holds, and', () => {
  const fixture = new Fixture();
  const system = fixture.system('stop', { ...LONG_TIMEOUTS, FOREIGN_DEAD_LETTER_TOPICS: 'no-such-dlt,nor-such-dlt' });
  const shop = fixture.shop(system);
  const broker = fixture.broker([TOPICS.orderProcessing], system);

  /** Pays a burst of orders, and stops the role when the first of them are done; it is started again at once. */
  async function stopUnderLoad(role: 'worker' | 'bridge' | 'relay'): Promise<number[]> {
    const orderIds = await payableOrders(shop, BURST);
    const paying = payAll(shop, orderIds);
    await until(
      'the first orders to be paid',
      () => shop.db('orders').whereIn('id', orderIds).where({ status: 'PREPARING' }).pluck('id'),
      (paid) => paid.length > 0,
    );
    expect(await system.role(role).end('SIGTERM')).toBe(0);
    await system.startRole(role);
    await paying;
    await untilAllAre(shop, orderIds, 'PREPARING');
    return orderIds;
  }

  test.each(['worker', 'bridge', 'relay'] as const)('no order is lost or paid twice: %s', async (role) => {
    const orderIds = await stopUnderLoad(role);
    await expectOneChargeEach(shop, orderIds);
    await expectAllSettled(shop, orderIds);

    await broker.untilCommitted(TOPICS.orderProcessing);
    expect(await broker.untilRecords(TOPICS.orderProcessing, orderIds.map(String), BURST)).toHaveLength(BURST);
    expect(await recordOutcomes(system.addresses, TOPICS.orderProcessing)).toMatchObject({ duplicate: 0, dead: 0 });
    expect(await shop.db('processing_requests').whereIn('order_id', orderIds).whereNot({ attempt: 1 })).toEqual([]);
  });

  test('nothing that an activity waits for keeps it longer than its grace period: worker', async () => {
    const [blocked, hanging] = (await payableOrders(shop, 2)) as [number, number];
    const release = await holdRows(shop.db, 'orders', 'id', [blocked]);
    try {
      await shop.signal(blocked, 'compensate', { reason: 'asked for by phone', actor: 'lee' });
      await untilWaiting(shop.db, 'worker', 'rows');
      await shop.pay(hanging, { token: 'tok_timeout_after_charge' });
      await until(
        'the provider to have charged',
        () => shop.providers.ledger(hanging),
        (entries) => entries.length === 1,
      );
      const began = Date.now();
      await system.role('worker').end('SIGTERM');
      expect(Date.now() - began).toBeLessThan(GRACE_MS);
    } finally {
      await release();
    }
    await system.startRole('worker');
    await untilAllAre(shop, [blocked], 'CANCELLED');
    await untilAllAre(shop, [hanging], 'PREPARING');
    await expectAllSettled(shop, [blocked, hanging]);
  });

  test('topics of others that are missing keep up no stop: bridge', async () => {
    await system.role('bridge').end();
    await system.startRole('bridge');
    // The last before the missing ones of those whose lag is measured.
    const topic = deadLetterTopic(Object.values(TOPICS).at(-1) as string);
    await until(
      'lags to be measured',
      async () => (await fetch(`${system.addresses.probes.bridge}/metrics`)).text(),
      (metrics) => metrics.includes(`ordersaga_kafka_consumer_lag_records{topic="${topic}"`),
    );
    const began = Date.now();
    expect(await system.role('bridge').end('SIGTERM')).toBe(0);
    expect(Date.now() - began).toBeLessThan(SOON_MS);
    await system.startRole('bridge');
  });

  test('no request is worked on without its response: api', async () => {
    const sku = await shop.product(1_000);
    let answered = 0;
    const requests = Array.from({ length: 120 }, () => shop.order(sku).finally(() => (answered += 1)));
    const outcomes = Promise.allSettled(requests);
    await until(
      'the first responses',
      async () => answered,
      (count) => count > 0,
    );
    expect(await system.role('api').end('SIGTERM')).toBe(0);
    const orderIds = (await outcomes).flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    await system.startRole('api');
    const saved = (await shop.db('order_lines').where({ sku }).pluck('order_id')) as number[];
    expect(saved.sort()).toEqual(orderIds.sort());
    await untilAllAre(shop, orderIds, 'PENDING_PAYMENT');
    await expectAllSettled(shop, orderIds);
  });
});
