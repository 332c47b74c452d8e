import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createReconciliationActivities } from '../../activities/reconciliation';
import { type Db, openDatabase } from '../../db/connection';
import { findRun } from '../../db/reconciliation-runs';
import { migrateSchema } from '../../db/schema';
import { seedOrders } from '../../dev/many-orders';
import type { StepUndos } from '../../operations/reconciliation/fixers';
import { sandboxProviders } from '../../providers/sandbox-http';
import type { Workflows } from '../../temporal/workflows';
import { Fixture } from '../support/fixture';
import { ownDatabase } from '../support/own-database';
import { superuserUrl } from '../support/superuser';

/** More by hand: `RECONCILED_ORDERS=1000000 npm test -- reconciliation-of-many`. */
const ORDERS = Number(process.env.RECONCILED_ORDERS ?? 4_000);
const WITHIN_MS = 120_000 + 2 * ORDERS;
/** What a run may hold at any moment, however many orders there are. */
const MOST_MEMORY_MB = 60;
const MB = 1_048_576;
const LOOKS = 20;
const PAGE = 500;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is in use, without what is waiting to be collected. */
function usedMemory(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe(`the reconciliation of ${ORDERS} orders`, () => {
  const fixture = new Fixture();
  let db: Db;
  beforeAll(async () => {
    const url = await ownDatabase(fixture, await superuserUrl());
    const seeding = openDatabase({ url, poolMax: 2, isUnhurried: true });
    await migrateSchema(seeding);
    await seedOrders(seeding, ORDERS, 0);
    await seeding.destroy();
    db = openDatabase({ url, poolMax: 4 });
    fixture.defer(() => db.destroy());
  }, WITHIN_MS);

  test(
    'finds the one that is not well, in memory that does not grow with them',
    async () => {
      const orderId = Math.floor(ORDERS / 2);
      await db('money_movements').where({ order_id: orderId }).delete();
      const workflows = { runningAmong: async (ids: readonly string[]) => new Set(ids) } as unknown as Workflows;
      // What a provider has that does not respond is not known, and nothing is found of it.
      const providers = sandboxProviders({ url: 'http://127.0.0.1:9', timeoutMs: 1_000 });
      const of = { db, workflows, providers, graceMs: 1_000, retryDelayMs: 1_000, undos: {} as StepUndos };
      const { beginReconciliation, examineShop } = createReconciliationActivities(of);
      const runId = 'all';
      await beginReconciliation({ runId, scope: 'FULL', isDryRun: false, isFixing: false, actor: 'test' });
      const before = usedMemory();
      const rssBefore = process.memoryUsage().rss;
      let most = before;
      let pages = 0;
      const environment = new MockActivityEnvironment();
      environment.on('heartbeat', () => {
        pages += 1;
        if (pages % Math.ceil(ORDERS / PAGE / LOOKS) === 0) most = Math.max(most, usedMemory());
      });
      const startedAt = performance.now();
      await environment.run(examineShop, { runId });
      const seconds = (performance.now() - startedAt) / 1_000;
      const grownMb = Math.round((most - before) / MB);
      const rssMb = Math.round((process.memoryUsage().rss - rssBefore) / MB);
      if (ORDERS > 100_000)
        process.stderr.write(
          `${ORDERS} orders: ${seconds.toFixed(1)} s, ${grownMb} MB in use, resident ${rssMb} MB more\n`,
        );
      const findings = await db('operator_items').select('cause', 'subject', 'evidence');
      const status = (await db('orders').where({ id: orderId }).pluck('status')) as string[];
      const isPaid = !['CANCELLED', 'REFUNDED'].includes(status[0] ?? '');
      expect(findings).toMatchObject(
        isPaid ? [{ cause: 'MONEY_DIFFERS', subject: `MONEY_DIFFERS/order-${orderId}` }] : [],
      );
      expect(await findRun(db, runId)).toMatchObject({ examined: { orders: ORDERS } });
      expect(grownMb).toBeLessThan(MOST_MEMORY_MB);
    },
    WITHIN_MS,
  );
});
