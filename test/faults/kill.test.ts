import { CONSUMED, deadLetterTopic, TOPICS } from '../../contracts/topics';
import { killEngine, startEngine } from '../../dev/stack/stack';
import { expectOneChargeEach, payAll, payableOrders, untilAllAre } from '../support/burst';
import { LONG_TIMEOUTS } from '../support/environment';
import { Fixture } from '../support/fixture';
import { metric } from '../support/metrics';
import { expectAllSettled } from '../support/settled';
import { until } from '../support/until';

const RESTART_MS = 60_000;

jest.setTimeout(240_000);

describe('kill -9', () => {
  const fixture = new Fixture();
  const system = fixture.system('kill', LONG_TIMEOUTS);
  const shop = fixture.shop(system);
  const broker = fixture.broker([TOPICS.orderProcessing], system);

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
