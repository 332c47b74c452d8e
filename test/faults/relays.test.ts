import { type Db, openDatabase } from '../../db/connection';
import { leaseLanes } from '../../db/outbox-lanes';
import { payableOrders } from '../support/burst';
import type { Settings } from '../support/environment';
import { Fixture } from '../support/fixture';
import { TcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';

const LANES = 16;
/** 15 s are promised; the rest is for a machine that stands still meanwhile. */
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

  async function startSecond(settings?: Settings) {
    const [first] = Object.keys(await untilShared(1));
    const second = await fixture.another('relay', system.addresses, settings);
    await untilShared(2);
    return { first: first as string, second };
  }

  /** A network to this address; it is whole again when what uses it ends, so that a relay can give its lanes back. */
  const networkTo = async (address: string) => fixture.use(await TcpProxy.to(address));

  /** It has published nothing yet, and so knows the broker by the proxy's address alone. */
  async function startSecondBehindProxy() {
    const kafka = await networkTo(system.addresses.kafka);
    const { first, second } = await startSecond({ KAFKA_BROKERS: kafka.address });
    fixture.defer(() => kafka.restore());
    const down = async () => ((await (await fetch(`${second.url}/readyz`)).json()) as { down: string[] }).down;
    const untilDown = (names: readonly string[]) =>
      until('the second relay to say what is unavailable', down, (found) => found.join() === names.join());
    return { first, second, kafka, untilDown };
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
    const { first, second } = await startSecond();
    await unpublishable('missing', 1);
    second.freeze();
    const found = await untilShared(1, OWNED_AGAIN_WITHIN_MS);
    expect(Object.keys(found)).toEqual([first]);
    await expectOrdersToGoOn();

    second.freeze(false);
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
    const { postgres } = system.addresses;
    const network = await networkTo(postgres);
    const { first } = await startSecond({ DATABASE_URL: network.through(postgres) });
    fixture.defer(() => network.restore());
    network.silence();
    const found = await untilShared(1, OWNED_AGAIN_WITHIN_MS);
    expect(Object.keys(found)).toEqual([first]);
    await expectOrdersToGoOn();

    network.restore();
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
    const { first, second, kafka, untilDown } = await startSecondBehindProxy();
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
