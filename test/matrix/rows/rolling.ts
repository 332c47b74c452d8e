import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Broker } from '../../support/broker';
import { deadCouponRequests } from '../../support/dead-coupon-requests';
import type { RoleName } from '../../support/role-process';
import { until } from '../../support/until';
import type { Row } from '../row';
import type { Stage } from '../stage';
import { onEachProcess } from './kill-at';
import { notDeterministicSince } from './worker-log';

const ROLES = ['api', 'relay', 'bridge', 'worker'] as const;

export const rollingRestart: Row = {
  name: 'rolling-restart',
  title: 'every process is replaced, one after the other, as a deployment does it',
  times: 40,
  small: 1,
  customers: 6,
  invariants: ['I1', 'I2', 'I5', 'I6', 'I7', 'I8'],
  async run(stage, times) {
    for (let index = 0; index < times; index++) await replace(stage, ROLES[index % ROLES.length] as RoleName);
  },
};

/** The next process takes over before the one of now is asked to stop, and has to end what it has begun. */
async function replace(stage: Stage, role: RoleName): Promise<void> {
  const interim = await stage.another(role);
  const old = stage.system.role(role);
  if (role === 'api') stage.apis = [interim.url];
  const code = await old.end('SIGTERM');
  stage.injected({ fault: `SIGTERM of a ${role}`, pid: old.pid });
  if (code !== 0) stage.problems.push(`the ${role} ${old.pid} ended with code ${code}`);
  await stage.system.startRole(role);
  if (role === 'api') stage.apis = [stage.shop.system.api];
  await interim.close();
}

const RATE_PER_SECOND = 5;
const RATE_OF_REST_PER_SECOND = 100;

export const replayKilled: Row = {
  name: 'replay-killed',
  title: 'kill -9 of a worker again and again during the replay of many dead letters',
  times: 300,
  small: 2,
  customers: 2,
  invariants: ['I1', 'I4', 'I6', 'I8'],
  async run(stage, times) {
    const { shop, outside, system } = stage;
    const seen = notDeterministicSince(stage);
    const broker = new Broker([], system);
    await broker.start();
    try {
      // So many that the replay goes on until the last kill.
      const count = 30 + times * 10;
      const code = await deadCouponRequests(shop, broker, count);
      const filter = { topic: 'coupon.issue', code: 'REFUSED_BY_DATABASE' };
      const replay = async (ratePerSecond: number) => {
        const decisionId = randomUUID();
        const command = { decisionId, reason: 'the database is well again', ratePerSecond, filter };
        const { status } = await shop.operate('POST', '/dead-letter-replays', command);
        if (status !== 202) throw new Error(`replay: ${status}`);
        return decisionId;
      };
      const untilOver = (decisionId: string) =>
        until(
          'the replay to be over',
          async () =>
            (await shop.operate<{ state?: string }>('GET', `/dead-letter-replays/${decisionId}`)).body.data?.state,
          (state) => state === 'DONE' || state === 'CANCELLED',
          stage.patienceMs,
        );
      const decisionId = await replay(RATE_PER_SECOND);

      const kills = Array.from({ length: times }, () => stage.random.below(2_000));
      await onEachProcess(stage, 'worker', kills, times < 20 ? 1 : 2, async (worker, afterMs) => {
        await pause(afterMs);
        await worker.end('SIGKILL');
        stage.injected({ fault: `SIGKILL of a worker ${afterMs} ms after its start`, pid: worker.pid });
      });
      // What is left is sent fast: nothing may come later.
      const enough = { decisionId: randomUUID(), reason: 'enough' };
      await shop.operate('POST', `/dead-letter-replays/${decisionId}/cancel`, enough);
      await untilOver(decisionId);
      await untilOver(await replay(RATE_OF_REST_PER_SECOND));
      await until(
        'each dead letter to have its effect',
        () => outside.rows<{ issued: string }>('select issued from coupons where code = $1', [code]),
        ([coupon]) => Number(coupon?.issued) === count,
        stage.patienceMs,
      );
    } finally {
      await broker.close();
    }
    stage.problems.push(...seen());
  },
};
