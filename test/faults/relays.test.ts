import { type Db, openDatabase } from '../../db/connection';
import { leaseLanes } from '../../db/outbox-lanes';
import { payableOrders } from '../support/burst';
import { Fixture } from '../support/fixture';
import type { RoleProcess } from '../support/role-process';
import { TcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';

const LANES = 16;
/** 15 s are promised; the rest is for a machine that stalls meanwhile. */
const OWNED_AGAIN_WITHIN_MS = 25_000;

jest.setTimeout(240_000);

describe('lanes follow live leases', () => {
  const fixture = new Fixture();
  const system = fixture.system('relays');
  const shop = fixture.shop(system);

  /** How many lanes each relay has, by leases that are live. */
  async function shares(): Promise<Record<string, number>> {
    const rows = (await shop
      .db('outbox_lanes')
      .where('lease_until', '>', shop.db.raw('clock_timestamp()'))
      .groupBy('owner')
      .select('owner', shop.db.raw('count(*)::int as lanes'))) as { owner: string; lanes: number }[];
    return Object.fromEntries(rows.map(({ owner, lanes }) => [owner, lanes]));
  }

  const untilShared = (relays: number, withinMs?: number) =>
    until(
      `${relays} relays to share the lanes`,
      shares,
      (found) => {
        const counts = Object.values(found);
        return counts.length === relays && counts.every((count) => count === LANES / relays);
      },
      withinMs,
    );

  const networkTo = async (address: string) => fixture.use(await TcpProxy.to(address));

  const untilDown = (relay: RoleProcess, names: readonly string[]) =>
    until(
      'the relay to say what is unavailable',
      async () => ((await (await fetch(`${relay.url}/readyz`)).json()) as { down: string[] }).down,
      (down) => down.join() === names.join(),
    );

  /** Orders placed now, which need every lane. */
  async function expectOrdersToGoOn(): Promise<void> {
    const orderIds = await payableOrders(shop, 20);
    expect(orderIds).toHaveLength(20);
  }

  /** Rows in so many topics that nobody takes them for. */
  const unpublishable = (prefix: string, topics: number) =>
    shop.db.raw(
      `insert into outbox (topic, key, value) select ? || '-' || topic, key::text, '{}'
       from generate_series(1, ?::int) topic, generate_series(1, ?::int) key`,
      [prefix, topics, 2 * LANES],
    );

  test('relays that stop, are cut off from Postgres without a word, or reach Postgres but not Kafka: the one left has every lane within 15 s; they come back, and what all find missing is listed once', async () => {
    const { postgres, kafka } = system.addresses;
    const [first] = Object.keys(await untilShared(1));
    const [toPostgres, toKafka] = [await networkTo(postgres), await networkTo(kafka)];
    const frozen = await fixture.another('relay', system.addresses);
    await fixture.another('relay', system.addresses, { DATABASE_URL: toPostgres.through(postgres) });
    // It has published nothing yet, and so knows the broker by the proxy's address alone.
    const withoutKafka = await fixture.another('relay', system.addresses, { KAFKA_BROKERS: toKafka.address });
    fixture.defer(() => {
      for (const network of [toPostgres, toKafka]) network.restore();
    });
    await untilShared(4);
    await untilDown(withoutKafka, []);

    frozen.freeze();
    toPostgres.silence();
    toKafka.silence();
    await unpublishable('missing', 1);
    const orders = payableOrders(shop, 20);
    const found = await untilShared(1, OWNED_AGAIN_WITHIN_MS);
    expect(Object.keys(found)).toEqual([first]);
    await untilDown(withoutKafka, ['kafka']);
    await orders;

    frozen.freeze(false);
    toPostgres.restore();
    toKafka.restore();
    await untilShared(4, 90_000);
    await untilDown(withoutKafka, []);
    await expectOrdersToGoOn();

    const which = { kind: 'UNPUBLISHED_TOPIC', subject: 'missing-1' };
    const items = () => shop.db('operator_items').where(which).select('state', 'cause', 'times');
    await until('several relays to list the missing topic', items, ([item]) => item?.times > 1);
    const open = { state: 'OPEN', cause: 'UNKNOWN_TOPIC_OR_PARTITION' };
    expect(await items()).toEqual([{ ...open, times: expect.any(Number) }]);
    await shop.db('outbox').where({ topic: 'missing-1' }).delete();
    await until('the item to be closed', items, ([item]) => item?.state === 'HEALED');
  });

  test('the only relay keeps its lanes while Kafka is unavailable, and ends in time all the same', async () => {
    const [first] = Object.keys(await untilShared(1));
    const kafka = await networkTo(system.addresses.kafka);
    const second = await fixture.another('relay', system.addresses, { KAFKA_BROKERS: kafka.address });
    await untilShared(2);
    await system.role('relay').end();
    const [only] = Object.keys(await untilShared(1));
    expect(only).not.toBe(first);
    kafka.silence();
    const orders = payableOrders(shop, 3);
    await untilDown(second, ['kafka']);
    kafka.restore();
    await orders;
    expect(await shares()).toEqual({ [only as string]: LANES });
    await untilDown(second, []);

    kafka.silence();
    await unpublishable('silent', LANES);
    await untilDown(second, ['kafka']);
    expect(await second.end('SIGTERM')).toBe(0);
    expect(await shares()).toEqual({});
    await shop.db('outbox').where('topic', 'like', 'silent-%').delete();
    await system.startRole('relay');
    await expectOrdersToGoOn();
  });

  test('a relay whose network is cut while it renews its leases holds the lanes no longer than one that is dead', async () => {
    const { postgres } = system.addresses;
    const network = await networkTo(postgres);
    const [first] = Object.keys(await untilShared(1));
    const lost: Db = openDatabase({ url: network.through(postgres), poolMax: 1 });
    const renew = () => leaseLanes(lost, { owner: 'lost', leaseMs: 10_000, laneCount: LANES });
    try {
      await until('the lost relay to have its share', renew, ({ lanes }) => lanes.length === LANES / 2);
      lost.on('query-response', (_response: unknown, { sql }: { sql: string }) => {
        if (sql.includes('outbox_lanes')) network.silence();
      });
      renew().catch(() => undefined);
      const found = await untilShared(1, OWNED_AGAIN_WITHIN_MS);
      expect(Object.keys(found)).toEqual([first]);
    } finally {
      await network.close();
      await lost.destroy();
      await shop.db('relays').where({ owner: 'lost' }).delete();
    }
  });
});
