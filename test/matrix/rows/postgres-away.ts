import { setTimeout as pause } from 'node:timers/promises';
import { killEngine, startEngine } from '../../../dev/stack/stack';
import type { Row } from '../row';
import { untilNamed, untilReady } from './readiness';

const AWAY_MS = 10 * 60_000;
const SMALL_AWAY_MS = 10_000;

export const postgresAway: Row = {
  name: 'postgres-away',
  title: 'Postgres is unavailable for ten minutes, with orders coming in',
  times: 2,
  small: 1,
  // A customer who comes at the beginning waits until the end, and then for the others.
  patienceMs: AWAY_MS + 5 * 60_000,
  invariants: ['I1', 'I11'],
  async run(stage, times) {
    const { stackName } = stage.shop.system;
    const awayMs = times <= postgresAway.small ? SMALL_AWAY_MS : AWAY_MS;
    const postgres = ['postgres'];
    await stage.supervised(async () => {
      for (let time = 0; time < times; time++) {
        await killEngine(stackName, 'postgres', 'SIGINT');
        stage.injected({ fault: `postgres unavailable for ${awayMs / 1_000} s`, what: stackName });
        try {
          await Promise.all([
            pause(awayMs),
            untilNamed(stage, { api: postgres, relay: postgres, bridge: postgres, worker: postgres }),
          ]);
        } finally {
          await startEngine(stackName, 'postgres');
        }
        await stage.customers.more(3);
      }
    });
    await untilReady(stage);
  },
};
