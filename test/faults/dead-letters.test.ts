import { randomUUID } from 'node:crypto';
import { CONSUMED, deadLetterTopic, TOPICS } from '../../contracts/topics';
import type { ReplayProgress } from '../../contracts/workflow-api';
import { killEngine, startEngine } from '../../dev/stack/stack';
import { eventOf } from '../support/broker';
import { expectOneChargeEach, payAll, payableOrders, untilAllAre } from '../support/burst';
import { deadCouponRequests } from '../support/dead-coupon-requests';
import { DeadLetterOperator } from '../support/dead-letter-operator';
import { LONG_TIMEOUTS } from '../support/environment';
import { Fixture } from '../support/fixture';
import { metric } from '../support/metrics';
import { expectAllSettled } from '../support/settled';
import { shipmentUpdatesReceived } from '../support/shipment-updates';
import { until } from '../support/until';

const DEAD_LETTERS = 400;
const RATE = 100;
/** So many that a slow replay of them is never over before it is stopped. */
const MORE_THAN_ENOUGH = 200;
const TOPIC = TOPICS.shipmentStatus;
const ORDERS = 20;
const BEHIND = 8;
const RESTART_MS = 120_000;

jest.setTimeout(240_000);

describe('dead letters while processes are killed', () => {
  const fixture = new Fixture();
  const system = fixture.system('dead-letters', LONG_TIMEOUTS);
  const shop = fixture.shop(system);
  const broker = fixture.broker([TOPICS.orderProcessing], system);

  const post = <Data>(path: string, body: object = {}) =>
    shop.operate<Data>('POST', `/dead-letter-replays${path}`, body);
  /** What the API says, be it a problem: a worker that was killed may not answer yet. */
  const progressOf = async (id: string) => {
    const { body } = await shop.operate<ReplayProgress>('GET', `/dead-letter-replays/${id}`);
    return body.data ?? (body as Partial<ReplayProgress>);
  };

  const deadRequests = (count: number) => deadCouponRequests(shop, broker, count);
  const issuedOf = async (code: string) => Number((await shop.db('coupons').where({ code }).first('issued'))?.issued);

  test("none where Temporal's server is killed with orders coming in: the partitions wait, and go on by themselves", async () => {
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

  test('hundreds at 100 a second while the worker is killed: each has one effect', async () => {
    const code = await deadRequests(DEAD_LETTERS);
    const decisionId = randomUUID();
    const command = { decisionId, reason: 'the database is well again', ratePerSecond: RATE };
    const filter = { topic: TOPICS.couponIssue, code: 'REFUSED_BY_DATABASE' };
    const dry = await post<{ matches: number }>('', { ...command, filter, dryRun: true });
    expect([dry.status, dry.body.data.matches]).toEqual([200, DEAD_LETTERS]);
    const beganAt = Date.now();
    const responses = await Promise.all([post('', { ...command, filter }), post('', { ...command, filter })]);
    expect(responses.map(({ status }) => status)).toEqual([202, 202]);

    for (const atLeast of [50, 200]) {
      await until(
        'some to be issued',
        () => issuedOf(code),
        (issued) => issued >= atLeast,
        RESTART_MS,
      );
      await system.role('worker').end('SIGKILL');
      await system.startRole('worker');
    }
    const done = await until(
      'the replay to be done',
      () => progressOf(decisionId),
      (progress) => progress.state === 'DONE',
      RESTART_MS,
    );
    expect(done).toMatchObject({ replayed: DEAD_LETTERS, refused: {} });
    expect(Date.now() - beganAt).toBeGreaterThan(((DEAD_LETTERS - RATE) / RATE) * 1_000);
    await until(
      'all to be issued',
      () => issuedOf(code),
      (issued) => issued === DEAD_LETTERS,
      RESTART_MS,
    );
    const outbox = shop.db('outbox').where({ topic: TOPICS.couponIssue }).where('key', 'like', `${code}-%`);
    expect(await outbox.clone().pluck('key')).toHaveLength(DEAD_LETTERS);
    const notified = shop.db('notifications').where('coupon_request_id', 'like', `${code}-%`);
    expect(await notified.pluck('coupon_request_id')).toHaveLength(DEAD_LETTERS);
    const outcomes = await until(
      'each outcome to be recorded',
      async () =>
        (await shop
          .db('dead_letter_decisions')
          .where({ bulk_id: decisionId })
          .groupBy('outcome')
          .select('outcome')
          .count({
            n: '*',
          })) as { outcome: string | null; n: number }[],
      (rows) => rows.every(({ outcome }) => outcome !== null),
      RESTART_MS,
    );
    expect(outcomes.reduce((sum, { n }) => sum + n, 0)).toBe(DEAD_LETTERS);
    expect((await post('', { ...command, filter })).status).toBe(202);
  });

  test('it pauses, resumes and is cancelled; what it has not sent back waits', async () => {
    const code = await deadRequests(MORE_THAN_ENOUGH);
    const decisionId = randomUUID();
    const filter = { topic: TOPICS.couponIssue, code: 'REFUSED_BY_DATABASE' };
    await post('', { decisionId, reason: 'slowly', ratePerSecond: 5, filter });
    const reaches = (what: string, isIt: (progress: ReplayProgress) => boolean) =>
      until(
        what,
        () => progressOf(decisionId),
        (progress) => progress?.replayed !== undefined && isIt(progress),
        RESTART_MS,
      );
    await reaches('some to be sent back', ({ replayed }) => replayed >= 5);
    const control = (how: string) => post(`/${decisionId}/${how}`, { decisionId: randomUUID(), reason: 'a test' });
    await control('pause');
    const paused = await reaches('a pause', ({ state }) => state === 'PAUSED');
    await control('resume');
    await reaches('it to go on', ({ replayed }) => replayed > paused.replayed + 5);
    await control('cancel');
    await reaches('the cancel', ({ state }) => state === 'CANCELLED');
    const [issued] = await until(
      'what was sent back to be issued',
      async () => [await issuedOf(code), (await progressOf(decisionId)).replayed],
      ([issued, replayed]) => issued === replayed,
      RESTART_MS,
    );
    expect(issued).toBeLessThan(MORE_THAN_ENOUGH);
    expect((await shop.operate('GET', `/dead-letter-replays/${randomUUID()}`)).body.code).toBe('REPLAY_NOT_FOUND');
  });

  const waiting = async () => Number((await shop.db('waiting_records').count({ n: '*' }).first())?.n);

  test('keys that are blocked keep their order while bridge and relay are killed', async () => {
    const sku = await shop.product(ORDERS);
    const orderIds: number[] = [];
    for (let count = 0; count < ORDERS; count++) orderIds.push(await shop.order(sku));
    const eventIds = (orderId: number) => Array.from({ length: BEHIND }, (_, index) => `${orderId}-${index}`);
    for (const orderId of orderIds) {
      const shipmentEvents = eventIds(orderId).map((eventId) => eventOf({ orderId, eventId, status: 'IN_TRANSIT' }));
      const values = ['{', ...shipmentEvents.map((event) => JSON.stringify(event))];
      await broker.write(TOPIC, ...values.map((value) => ({ key: String(orderId), value })));
    }
    await until('all to wait', waiting, (count) => count === ORDERS * BEHIND, RESTART_MS);

    const operator = new DeadLetterOperator(shop);
    for (const [index, orderId] of orderIds.entries()) {
      const [deadLetter] = await operator.deadLettersOf(TOPIC, String(orderId));
      const id = deadLetter?.id as string;
      if (index % 2 === 0) await operator.decide(id, 'discard');
      else
        await operator.decide(id, 'replay', {
          value: JSON.stringify(eventOf({ orderId, eventId: `${orderId}-mended`, status: 'SHIPMENT_STARTED' })),
        });
    }
    for (const [role, left] of [
      ['bridge', 0.8],
      ['relay', 0.6],
      ['bridge', 0.4],
    ] as const) {
      await until('some to follow', waiting, (count) => count <= ORDERS * BEHIND * left, RESTART_MS);
      await system.role(role).end('SIGKILL');
      await system.startRole(role);
    }
    await until(
      'no record to wait',
      async () => shop.db('blocked_keys'),
      (keys) => keys.length === 0,
      RESTART_MS,
    );
    for (const [index, orderId] of orderIds.entries()) {
      const mended = index % 2 === 0 ? [] : [`${orderId}-mended`];
      // What is sent twice after a crash, the saga knows by its id.
      expect([...new Set(await shipmentUpdatesReceived(shop, orderId))]).toEqual([...mended, ...eventIds(orderId)]);
    }
  });
});
