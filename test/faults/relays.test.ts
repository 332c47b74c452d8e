import { join } from 'node:path';
import { stackFolder } from '../../config/load';
import { type Db, openDatabase } from '../../db/connection';
import { leaseLanes } from '../../db/outbox-lanes';
import { freePorts } from '../../dev/stack/ports';
import { payableOrders } from '../support/burst';
import { roleEnvironment } from '../support/environment';
import { RunningSystem } from '../support/running-system';
import { Shop } from '../support/shop';
import { RoleProcess } from '../support/system';
import { TcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';

const LANES = 16;
/** 15 s are promised; the rest is for a machine that stands still meanwhile. */
const OWNED_AGAIN_WITHIN_MS = 25_000;

jest.setTimeout(240_000);

describe('lanes follow live leases', () => {
  let system: RunningSystem;
  let shop: Shop;
  let second: RoleProcess | undefined;
  let proxy: TcpProxy | undefined;

  beforeAll(async () => {
    system = await RunningSystem.start(`relays-${process.pid}`);
    shop = new Shop(system.addresses);
  });
  afterEach(async () => {
    second?.freeze(false);
    proxy?.restore();
    // It gives its lanes back, which a dead one does not.
    await second?.end('SIGTERM');
    await proxy?.close();
    second = undefined;
    proxy = undefined;
  });
  afterAll(async () => {
    await shop?.close();
    await system?.stop();
  });

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

  async function startSecond(settings: Readonly<Record<string, string>> = {}): Promise<string> {
    const [first] = Object.keys(await untilShared(1));
    const env = roleEnvironment(system.addresses, { RELAY_PORT: '0', ...settings });
    second = await RoleProcess.start('relay', env, join(stackFolder(env), 'role-logs', 'second'));
    await untilShared(2);
    return first as string;
  }

  /** It has published nothing yet, and so knows the broker by the proxy's address alone. */
  async function startSecondBehindProxy() {
    const [host, port] = system.addresses.kafka.split(':') as [string, string];
    const [probePort] = await freePorts(1);
    const kafka = await TcpProxy.to(host, Number(port));
    proxy = kafka;
    const first = await startSecond({ KAFKA_BROKERS: `127.0.0.1:${kafka.port}`, RELAY_PORT: String(probePort) });
    const down = async () => {
      const response = await fetch(`http://127.0.0.1:${probePort}/readyz`);
      return ((await response.json()) as { down: string[] }).down;
    };
    const untilDown = (names: readonly string[]) =>
      until('the second relay to say what is unavailable', down, (found) => found.join() === names.join());
    return { first, kafka, untilDown };
  }

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

  test('a relay that stops with its connections open is one no longer: the other has every lane within 15 s; what both find missing is listed once', async () => {
    const first = await startSecond();
    await unpublishable('missing', 1);
    second?.freeze();
    const found = await untilShared(1, OWNED_AGAIN_WITHIN_MS);
    expect(Object.keys(found)).toEqual([first]);
    await expectOrdersToGoOn();

    second?.freeze(false);
    await untilShared(2);
    const which = { kind: 'UNPUBLISHED_TOPIC', subject: 'missing-1' };
    const items = () => shop.db('operator_items').where(which).select('state', 'cause', 'times');
    await until('both relays to list the missing topic', items, ([item]) => item?.times > 1);
    const open = { state: 'OPEN', cause: 'UNKNOWN_TOPIC_OR_PARTITION' };
    expect(await items()).toEqual([{ ...open, times: expect.any(Number) }]);
    await shop.db('outbox').where({ topic: 'missing-1' }).delete();
    await until('the item to be closed', items, ([item]) => item?.state === 'HEALED');
  });

  test('a relay whose network is cut without a word is replaced, and comes back with the network', async () => {
    const { hostname, port } = new URL(system.addresses.postgres);
    proxy = await TcpProxy.to(hostname, Number(port));
    const first = await startSecond({ DATABASE_URL: proxy.through(system.addresses.postgres) });
    proxy.silence();
    const found = await untilShared(1, OWNED_AGAIN_WITHIN_MS);
    expect(Object.keys(found)).toEqual([first]);
    await expectOrdersToGoOn();

    proxy.restore();
    await untilShared(2, 90_000);
  });

  test('a relay that reaches Postgres but not Kafka leaves its lanes to the other, says so, and comes back with Kafka', async () => {
    const { first, kafka, untilDown } = await startSecondBehindProxy();
    await untilDown([]);
    kafka.silence();
    const orders = payableOrders(shop, 20);
    const found = await untilShared(1, OWNED_AGAIN_WITHIN_MS);
    expect(Object.keys(found)).toEqual([first]);
    await untilDown(['kafka']);
    await orders;

    kafka.restore();
    await untilShared(2, 90_000);
    await untilDown([]);
    await expectOrdersToGoOn();
  });

  test('the only relay keeps its lanes while Kafka is unavailable, and ends in time all the same', async () => {
    const { first, kafka, untilDown } = await startSecondBehindProxy();
    await system.role('relay').end();
    const [only] = Object.keys(await untilShared(1));
    expect(only).not.toBe(first);
    kafka.silence();
    const orders = payableOrders(shop, 3);
    await untilDown(['kafka']);
    kafka.restore();
    await orders;
    expect(await shares()).toEqual({ [only as string]: LANES });
    await untilDown([]);

    kafka.silence();
    await unpublishable('silent', LANES);
    await untilDown(['kafka']);
    expect(await second?.end('SIGTERM')).toBe(0);
    expect(await shares()).toEqual({});
    await shop.db('outbox').where('topic', 'like', 'silent-%').delete();
    await system.startRole('relay');
    await expectOrdersToGoOn();
  });

  test('a relay whose network is cut while it renews its leases holds the lanes no longer than one that is dead', async () => {
    const { hostname, port } = new URL(system.addresses.postgres);
    const cut = await TcpProxy.to(hostname, Number(port));
    proxy = cut;
    const [first] = Object.keys(await untilShared(1));
    const lost: Db = openDatabase({ url: cut.through(system.addresses.postgres), poolMax: 1 });
    const renew = () => leaseLanes(lost, { owner: 'lost', leaseMs: 10_000, laneCount: LANES });
    try {
      await until('the lost relay to have its share', renew, ({ lanes }) => lanes.length === LANES / 2);
      lost.on('query-response', (_response: unknown, { sql }: { sql: string }) => {
        if (sql.includes('outbox_lanes')) cut.silence();
      });
      renew().catch(() => undefined);
      const found = await untilShared(1, OWNED_AGAIN_WITHIN_MS);
      expect(Object.keys(found)).toEqual([first]);
    } finally {
      await cut.close();
      await lost.destroy();
      await shop.db('relays').where({ owner: 'lost' }).delete();
    }
  });
});
