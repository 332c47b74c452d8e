import { setTimeout as pause } from 'node:timers/promises';
import { type EngineName, killEngine, startEngine } from '../../../dev/stack/stack';
import { rush } from '../../support/rush';
import { drawPairwise } from '../random';
import type { Row } from '../row';
import type { Stage } from '../stage';

/** Ends an engine and starts it again on its data, after a gap of up to three seconds. */
async function restart(stage: Stage, engine: EngineName, how: NodeJS.Signals): Promise<void> {
  const { stackName } = stage.shop.system;
  await killEngine(stackName, engine, how);
  stage.injected({ fault: `${how} of ${engine}` });
  await pause(stage.random.below(3_000));
  await startEngine(stackName, engine);
}

/** How many orders a full run of an engine's row has, and how many customers more place them. */
const FULL = { orders: 2_000, customers: 16 } as const;

/** A row that restarts an engine again and again, with orders coming in all along. */
function restarted(
  engine: Exclude<EngineName, 'redis'>,
  given: { readonly how: readonly NodeJS.Signals[]; readonly times: number; readonly gapMs: readonly [number, number] },
): Row {
  return {
    name: `${engine}-restarted`,
    title: `${engine} ends, in good order or by kill -9, and starts again, with orders coming in`,
    times: given.times,
    small: 1,
    customers: 8,
    invariants: ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8'],
    async run(stage, times) {
      const { customers, random } = stage;
      const isFull = times >= given.times;
      if (isFull) await customers.open(FULL.customers);
      const cases = drawPairwise(random, { how: given.how }, times);
      await stage.supervised(async () => {
        for (const { how } of cases) {
          await restart(stage, engine, how);
          const [from, to] = given.gapMs;
          await pause(from + random.below(to - from));
        }
      });
      const isEnough = () => customers.orderIds.length >= FULL.orders || customers.complaints.length > 0;
      while (isFull && !isEnough()) await customers.more(100);
    },
  };
}

export const brokerRestarted = restarted('kafka', {
  how: ['SIGTERM', 'SIGKILL'],
  times: 20,
  // A consumer joins its group again once the member that it was before has been given up, after a session of 10 s.
  gapMs: [12_000, 20_000],
});
export const postgresRestarted = restarted('postgres', {
  how: ['SIGINT', 'SIGKILL'],
  times: 10,
  gapMs: [5_000, 20_000],
});
export const temporalRestarted = restarted('temporal', {
  how: ['SIGTERM', 'SIGKILL'],
  times: 10,
  gapMs: [5_000, 12_000],
});

const USERS = 80;
const COUPONS = 40;

export const redisLost: Row = {
  name: 'redis-lost',
  title: 'Redis is flushed or killed in the middle of a rush for coupons',
  times: 20,
  small: 1,
  invariants: ['I1', 'I4', 'I5', 'I6', 'I7'],
  async run(stage, times) {
    const cases = drawPairwise(stage.random, { how: ['flushed', 'killed'], afterMs: [0, 30, 100, 300] }, times);
    await stage.supervised(async () => {
      for (const { how, afterMs } of cases) await rushWithout(stage, how, afterMs);
    });
  },
};

async function rushWithout(stage: Stage, how: string, afterMs: number): Promise<void> {
  const { shop, outside } = stage;
  const code = await shop.coupon(COUPONS);
  const customers = rush(shop, code, USERS);
  await pause(afterMs);
  if (how === 'killed') await restart(stage, 'redis', 'SIGKILL');
  else {
    await flushRedis(shop.system.redis as string);
    stage.injected({ fault: 'FLUSHALL of redis', what: code });
  }
  const accepted = new Set(
    (await customers).flatMap(({ responses }) =>
      responses.filter(({ status }) => status === 202).map(({ requestId }) => requestId),
    ),
  );
  if (accepted.size !== COUPONS) stage.problems.push(`I4: ${code}: ${accepted.size} of ${COUPONS} were accepted`);
  for (const requestId of accepted) await stage.watch.untilIssued(requestId);
  const issued = await outside.rows('select from coupon_requests where code = $1 and status = $2', [code, 'ISSUED']);
  if (issued.length !== COUPONS) stage.problems.push(`I4: ${code}: ${issued.length} of ${COUPONS} were issued`);
}

async function flushRedis(url: string): Promise<void> {
  const { Redis } = await import('ioredis');
  const redis = new Redis(url);
  await redis.flushall();
  redis.disconnect();
}
