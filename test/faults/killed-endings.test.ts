import { ageClaims, ask, type Ending, expectEndedOnce, noticesOf, someEndings, untilEnded } from '../support/endings';
import { Fixture } from '../support/fixture';
import type { GatedApi } from '../support/gated-api';
import { startGatedApi } from '../support/gated-api';
import { endWaiting, holdRows, holdTable, untilWaiting } from '../support/locks';
import { Shop } from '../support/shop';
import { TcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';

/** The requests under way in an api process that is about to be killed. */
interface UnderWay {
  readonly api: GatedApi;
  readonly endings: readonly Ending[];
  /** Sends them all. */
  send(to?: Shop): void;
}

describe('an api process killed with requests to end orders: the same again gives the outcome, once,', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();

  const keysOf = (endings: readonly Ending[]) => endings.map(({ key }) => key);
  const idsOf = (endings: readonly Ending[]) => endings.map(({ orderId }) => orderId);
  const rowsOf = (endings: readonly Ending[]) => shop.db('idempotency_keys').whereIn('key', keysOf(endings));
  const untilAllEnded = (endings: readonly Ending[]) => Promise.all(endings.map((ending) => untilEnded(shop, ending)));
  /** Waits until all that comes before the calls to Temporal is committed. */
  const untilAsked = (endings: readonly Ending[]) =>
    until(
      'the requests to be written down',
      () =>
        Promise.all(
          endings.map(({ name, orderId }) =>
            noticesOf(shop, orderId, name === 'refunded' ? 'REFUND_ASKED' : 'CANCEL_ASKED'),
          ),
        ),
      (counts) => counts.every((count) => count === 1),
    );

  /** Stops the requests at a point and kills the process there; what was held goes on afterwards. */
  type Point = (underWay: UnderWay) => Promise<void>;

  const beforeItsClaim: Point = async ({ api, endings, send }) => {
    const release = await holdTable(shop.db, 'idempotency_keys');
    try {
      send();
      await untilWaiting(shop.db, 'api', 'table', endings.length);
      await api.process.end('SIGKILL');
      await endWaiting(shop.db, 'api');
    } finally {
      await release();
    }
    expect(await rowsOf(endings)).toEqual([]);
  };

  const beforeTheCall: Point = async ({ api, endings, send }) => {
    const release = await holdRows(shop.db, 'orders', 'id', idsOf(endings));
    try {
      send();
      await untilWaiting(shop.db, 'api', 'rows', endings.length);
      await api.process.end('SIGKILL');
      await endWaiting(shop.db, 'api');
    } finally {
      await release();
    }
    expect(await rowsOf(endings).whereNotNull('claim_id')).toHaveLength(endings.length);
  };

  const beforeTemporalGetsIt: Point = async ({ api, endings, send }) => {
    api.temporal.silence('there', 'back');
    send();
    await untilAsked(endings);
    await api.process.end('SIGKILL');
  };

  const beforeTemporalsResponse: Point = async ({ api, endings, send }) => {
    api.temporal.silence('back');
    send();
    await untilAsked(endings);
    await untilAllEnded(endings);
    await api.process.end('SIGKILL');
  };

  const beforeItIsSaved: Point = async ({ api, endings, send }) => {
    const releaseOrders = await holdRows(shop.db, 'orders', 'id', idsOf(endings));
    const releases: (() => Promise<unknown>)[] = [releaseOrders];
    try {
      send();
      await untilWaiting(shop.db, 'api', 'rows', endings.length);
      releases.push(await holdRows(shop.db, 'idempotency_keys', 'key', keysOf(endings)));
      await releaseOrders();
      await untilAllEnded(endings);
      await untilWaiting(shop.db, 'api', 'rows', endings.length);
      await api.process.end('SIGKILL');
      await endWaiting(shop.db, 'api');
    } finally {
      await Promise.all(releases.map((release) => release()));
    }
    expect(await rowsOf(endings).whereNotNull('status_code')).toEqual([]);
  };

  const beforeItIsSent: Point = async ({ api, endings, send }) => {
    const network = fixture.use(await TcpProxy.to(api.process.url));
    const client = fixture.use(new Shop({ addresses: { ...shop.system, api: `http://${network.address}` } }));
    network.silence('back');
    send(client);
    await until(
      'the responses to be saved',
      () => rowsOf(endings).whereNotNull('status_code'),
      (rows) => (rows as unknown[]).length === endings.length,
    );
    await api.process.end('SIGKILL');
    await network.close();
  };

  test.each([
    ['before its claim was committed', beforeItsClaim],
    ['after its claim, before it called Temporal', beforeTheCall],
    ['in its call, before Temporal got it', beforeTemporalGetsIt],
    ["before it got Temporal's response", beforeTemporalsResponse],
    ['before it saved the response', beforeItIsSaved],
    ['before it sent the response', beforeItIsSent],
  ])('%s', async (_, stopAndKill) => {
    const [endings, api] = await Promise.all([someEndings(shop), startGatedApi(fixture, shop.system)]);
    const outcomes: Promise<unknown>[] = [];
    const send = (to = api.shop) => {
      for (const ending of endings)
        outcomes.push(
          ask(to, ending).then(
            ({ status }) => status,
            () => 'none',
          ),
        );
    };
    await stopAndKill({ api, endings, send });
    // On a machine that stalls, the call to Temporal may have timed out before the kill.
    for (const outcome of await Promise.all(outcomes)) expect(['none', 503]).toContain(outcome);

    await ageClaims(shop, keysOf(endings));
    for (const ending of endings) {
      const again = await ask(shop, ending);
      expect([ending.name, again]).toMatchObject([ending.name, ending.response]);
      expect(await ask(shop, ending)).toEqual({ ...again, isReplayed: 'true' });
      await expectEndedOnce(shop, ending);
    }
  });
});
