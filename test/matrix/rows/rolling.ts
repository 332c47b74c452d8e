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
      const decisionId = randomUUID();
      const filter = { topic: 'coupon.issue', code: 'REFUSED_BY_DATABASE' };
      const command = { decisionId, reason: 'the database is well again', ratePerSecond: RATE_PER_SECOND, filter };
      const { status } = await shop.operate('POST', '/dead-letter-replays', command);
      if (status !== 202) throw new Error(`replay: ${status}`);

      const kills = Array.from({ length: times }, () => stage.random.below(2_000));
      await onEachProcess(stage, 'worker', kills, times < 20 ? 1 : 2, async (worker, afterMs) => {
        await pause(afterMs);
        await worker.end('SIGKILL');
        stage.injected({ fault: `SIGKILL of a worker ${afterMs} ms after its start`, pid: worker.pid });
      });
      const post = (how: string) =>
        shop.operate('POST', `/dead-letter-replays/${decisionId}/${how}`, {
          decisionId: randomUUID(),
          reason: 'enough',
        });
      await post('cancel');
      const [sent, issued] = await until(
        'each dead letter that was sent back to have its effect',
        async () => {
          const decided = await outside.rows('select from dead_letter_decisions where bulk_id = $1', [decisionId]);
          const [coupon] = await outside.rows<{ issued: string }>('select issued from coupons where code = $1', [code]);
          const { body } = await shop.operate<{ state?: string }>('GET', `/dead-letter-replays/${decisionId}`);
          return [decided.length, Number(coupon?.issued), body.data?.state] as const;
        },
        ([sent, issued, state]) => state === 'CANCELLED' && sent === issued,
        120_000,
      );
      if (sent === 0) stage.problems.push(`nothing was sent back: ${issued} issued`);
    } finally {
      await broker.close();
    }
    stage.problems.push(...seen());
  },
};
