import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { DEAD_LETTER_HEADERS as HEADERS } from '../../contracts/dead-letters';
import { deadLetterTopic, TOPICS } from '../../contracts/topics';
import { couponWorkflowId } from '../../contracts/workflow-api';
import { killEngine, startEngine } from '../../dev/stack/stack';
import { LONG_TIMEOUTS } from '../support/environment';
import { Fixture } from '../support/fixture';
import type { RoleName } from '../support/role-process';
import { expectFairRush, rush } from '../support/rush';
import { until } from '../support/until';

const USERS = 2_000;
const TOTAL = 100;
const FLUSH_EVERY_MS = 20;
const RESTART_MS = 60_000;
const DEAD = deadLetterTopic(TOPICS.couponIssue);

jest.setTimeout(240_000);

describe('a coupon rush while parts die', () => {
  const fixture = new Fixture();
  const system = fixture.system('coupons', LONG_TIMEOUTS);
  const shop = fixture.shop(system);
  const broker = fixture.broker([TOPICS.couponIssue, DEAD], system);
  let redis: Redis;
  beforeAll(() => {
    redis = new Redis(system.addresses.redis as string);
    redis.on('error', () => undefined);
    fixture.defer(() => redis.disconnect());
  });

  const issuedOf = async (code: string): Promise<number> =>
    Number((await shop.db('coupons').where({ code }).first('issued'))?.issued);

  /** Waits until the issuing has begun; on a slow machine it may be over by the time it is seen. */
  async function untilTheMiddle(code: string): Promise<void> {
    await until(
      'some to be issued',
      // While everybody asks, a busy machine may not even get this question to the database.
      () => issuedOf(code).catch(() => 0),
      (count) => count >= 1,
      RESTART_MS,
    );
  }

  async function restart(...names: readonly RoleName[]): Promise<void> {
    await Promise.all(names.map((name) => system.role(name).end('SIGKILL')));
    for (const name of names) await system.startRole(name);
  }

  test('Redis is flushed again and again, the worker killed, the broker killed and restarted', async () => {
    const code = await shop.coupon(TOTAL);
    const flushing = setInterval(() => void redis.flushall().catch(() => undefined), FLUSH_EVERY_MS);
    const rushing = rush(shop, code, USERS);
    try {
      await untilTheMiddle(code);
      await system.role('worker').end('SIGKILL');
      await killEngine(system.addresses.stackName, 'kafka');
      await startEngine(system.addresses.stackName, 'kafka');
      await system.startRole('worker');
      await rushing;
    } finally {
      clearInterval(flushing);
    }
    await expectFairRush(shop, code, TOTAL, await rushing);
    expect(await broker.countOf(DEAD)).toBe(0);
  });

  test('api, relay and bridge are killed: a user who got no response asks again under the same requestId', async () => {
    const code = await shop.coupon(TOTAL);
    const rushing = rush(shop, code, USERS);
    await untilTheMiddle(code);
    await restart('api', 'relay', 'bridge');
    await expectFairRush(shop, code, TOTAL, await rushing);
    expect(await broker.countOf(DEAD)).toBe(0);
  });

  test('Redis hangs, then dies: Postgres alone keeps every promise', async () => {
    const code = await shop.coupon(TOTAL);
    await killEngine(system.addresses.stackName, 'redis', 'SIGSTOP');
    const rushing = rush(shop, code, USERS);
    await untilTheMiddle(code);
    await killEngine(system.addresses.stackName, 'redis', 'SIGKILL');
    await expectFairRush(shop, code, TOTAL, await rushing);
    await startEngine(system.addresses.stackName, 'redis');
  });

  test('one that fails for good frees its coupon, its event is dead byte for byte, and a replay begins it again', async () => {
    const code = await shop.coupon(1);
    await system.role('worker').end('SIGTERM');
    const { requestId, rank } = (await shop.askForCoupon(code, 'first@x.kr')).body.data;
    const workflow = (await shop.temporal()).workflow.getHandle(couponWorkflowId(requestId));
    await until(
      'its workflow to be there',
      () => workflow.describe().catch(() => undefined),
      (found) => found !== undefined,
    );
    await workflow.cancel();
    await system.startRole('worker');
    await shop.couponRequestIs(requestId, 'FAILED', RESTART_MS);
    await expect(workflow.result()).rejects.toThrow();
    expect((await shop.askForCoupon(code, 'first@x.kr', requestId)).body.data).toEqual({ requestId, rank });

    const [deadLetter] = await broker.untilRecords(DEAD, [requestId]);
    const [original] = await broker.untilRecords(TOPICS.couponIssue, [requestId]);
    expect(Buffer.from(deadLetter?.value?.toString() ?? '', 'base64')).toEqual(original?.value);
    expect(deadLetter?.headers[HEADERS.originalOffset]?.readBigInt64BE()).toBe(BigInt(original?.offset ?? -1));
    expect(deadLetter?.headers[HEADERS.code]?.toString()).toBe('ISSUE_FAILED');

    const next = (await shop.askForCoupon(code, 'second@x.kr')).body.data;
    expect(next.rank).toBe(2);
    await shop.couponRequestIs(next.requestId, 'ISSUED', RESTART_MS);

    const replay = (count: number) =>
      broker.write(TOPICS.couponIssue, {
        key: requestId,
        value: original?.value ?? null,
        headers: {
          [HEADERS.replayCount]: String(count),
          [HEADERS.replayOf]: `${DEAD}/0/0`,
          [HEADERS.decisionId]: 'one',
        },
      });
    await replay(1);
    await replay(1);
    const again = (await broker.untilRecords(DEAD, [requestId], 2)).at(-1)?.headers;
    const lineage = [HEADERS.replayCount, HEADERS.replayOf, HEADERS.decisionId];
    expect(lineage.map((name) => again?.[name]?.toString())).toEqual(['1', `${DEAD}/0/0`, 'one']);
    await shop.putCoupon(code, { name: 'One more', total: 2, discount: { type: 'FIXED', value: 100 } });
    await replay(1);
    await replay(2);
    await shop.couponRequestIs(requestId, 'ISSUED', RESTART_MS);
    expect(await shop.db('coupons').where({ code }).first('last_rank', 'taken', 'issued')).toEqual({
      last_rank: 2,
      taken: 2,
      issued: 2,
    });
    expect(broker.recordsOf(DEAD, requestId)).toHaveLength(2);
  });

  test('a cancel that comes when the coupon is issued already changes nothing', async () => {
    const code = await shop.coupon(1);
    const requestId = randomUUID();
    expect((await shop.askForCoupon(code, 'first@x.kr', requestId)).status).toBe(202);
    await shop.couponRequestIs(requestId, 'ISSUED', RESTART_MS);
    const workflow = (await shop.temporal()).workflow.getHandle(couponWorkflowId(requestId));
    await workflow.cancel().catch(() => undefined);
    expect(await workflow.result()).toBe('ISSUED');
    expect((await shop.askForCoupon(code, 'second@x.kr')).body.code).toBe('COUPON_SOLD_OUT');
  });
});
