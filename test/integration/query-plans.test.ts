import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Db, openDatabase } from '../../db/connection';
import { migrateSchema } from '../../db/schema';
import { seedOrders } from '../../dev/many-orders';
import { Fixture } from '../support/fixture';
import { operationsQueries } from '../support/operations-queries';
import type { RepositoryQuery, SeededOrders } from '../support/order-queries';
import { orderQueries } from '../support/order-queries';
import { ownDatabase } from '../support/own-database';
import { explainEverything, type TableRead, watchReads } from '../support/query-plans';
import { superuserUrl } from '../support/superuser';

/** More by hand: `PLANS_ORDERS=1000000 npm test -- query-plans`. */
const ORDERS = Number(process.env.PLANS_ORDERS ?? 20_000);
const INCIDENTS = Math.min(ORDERS, 20_000);
const SEEDED_WITHIN_MS = 180_000 + ORDERS;
/** More than any page has, and far fewer than any table has that grows. */
const MOST_ROWS = 700;

/** Those whose work grows with what waits for a person, not with what is sold: table -> why. */
const READS_ALL: Readonly<Record<string, readonly string[]>> = {
  // Counts.
  'dead-letters.countWaitingDeadLetters': ['dead_letters', 'dead_letter_decisions'],
  'dead-letters.groupDeadLetters': ['dead_letters', 'dead_letter_decisions'],
  'blocked-keys.countWaitingRecords': ['waiting_records'],
  'operator-items.groupOperatorItems': ['operator_items'],
  'operator-items.countOpenDeadLetters': ['operator_items'],
  'orders-at-work.countSagasAtWork': ['orders'],
  'outbox.outboxBacklog': ['outbox'],
  'outbox.nextDueAt': ['outbox'],
  // Of topics that take nothing, up to the first row that is overdue.
  'outbox.topicsBehind': ['outbox'],
  // The oldest of all topics, for operators who look at it.
  'outbox.oldestUnpublished': ['outbox'],
  // One coupon's requests, for operators; and the newest settled orders, behind those that are not.
  'coupons.couponCounts': ['coupon_requests'],
  'coupons.couponTruth': ['coupon_requests'],
  'reconciliation.couponCount': ['coupon_requests'],
  'coupon-claims.freeUnownedSlots': ['coupon_requests'],
  'saga-details.listSagas SETTLED': ['orders'],
  // The newest 2,000, once in 30 s.
  'processing-times.recentProcessingTimes': ['processing_requests'],
  // One dead letter among all keys that are blocked.
  'blocked-keys.waitingBehind': ['blocked_keys'],
};

/** They ask nothing, or what is asked elsewhere. */
const NO_QUERIES: ReadonlySet<string> = new Set([
  'attempts.beginAttempt',
  'attempts.beginStep',
  'attempts.finishStep',
  'attempts.makeMove',
  'attempts.settleAttempt',
  'connection.openDatabase',
  'coupon-requests.againWhereTaken',
  'customer-notifications.notificationText',
  'customer-notifications.notifyCustomer',
  'functions.callFunction',
  'functions.installFunctions',
  'functions.installedVersion',
  'functions.missingFunctions',
  'operator-items.healed',
  'orders.isShownLater',
  'outbox.recordRow',
  'outbox.traceHeaders',
  'provider-records.databaseTime',
  'refusal.refusalState',
  'relay-wakeups.RelayWakeups',
  'saga-steps.isLive',
  'saga-steps.keyOfStep',
  'schema.migrateSchema',
  'schema.schemaMismatch',
  'stock-events.stockDecreaseRequested',
  'timeline.endingRequestKey',
]);

/** Statements outside db/: by the key of their table, or in a query of the above. */
const ASK_BY_THEMSELVES: ReadonlySet<string> = new Set([
  'activities/attempt.ts',
  'activities/refund.ts',
  'activities/write-off.ts',
  'processes/rebuild-dead-letter-index.ts',
  'processes/worker/failed-workflows.ts',
]);

const ROOT = join(__dirname, '..', '..');

describe(`among ${ORDERS} orders`, () => {
  const fixture = new Fixture();
  let db: Db;
  let reads: { take(): TableRead[] };
  let queries: Readonly<Record<string, RepositoryQuery>>;

  beforeAll(async () => {
    const url = await ownDatabase(fixture, await superuserUrl());
    const seeding = openDatabase({ url, poolMax: 2, isUnhurried: true });
    await migrateSchema(seeding);
    await seedOrders(seeding, ORDERS, INCIDENTS);
    await explainEverything(seeding, new URL(url).pathname.slice(1));
    const some = await someOrders(seeding);
    queries = { ...orderQueries(some), ...operationsQueries(some) };
    await seeding.destroy();
    db = openDatabase({ url, poolMax: 12 });
    fixture.defer(() => db.destroy());
    reads = watchReads(db);
  }, SEEDED_WITHIN_MS);
  /** What a query reads of the tables that grow, but for what it may read all of. */
  async function readsOf(name: string): Promise<TableRead[]> {
    reads.take();
    await db
      .transaction(async (trx) => {
        await queries[name]?.(trx, db);
        throw new RolledBack();
      })
      .catch((error: unknown) => {
        if (!(error instanceof RolledBack)) throw error;
      });
    return reads.take().filter(({ table }) => !READS_ALL[name]?.includes(table));
  }

  /** Those of them that are too many, with the plan's own words. */
  const tooMuch = (found: readonly TableRead[]): string[] =>
    found
      .filter(({ rows }) => rows > MOST_ROWS)
      .map(
        ({ table, how, statement, rows }) =>
          `${rows} rows of ${table}: ${how}: ${statement.replaceAll(/\s+/g, ' ').slice(0, 300)}`,
      );

  test(`no query of the system looks at more than ${MOST_ROWS} rows of a table that grows`, async () => {
    const found: Record<string, string[]> = {};
    for (const name of Object.keys(queries)) {
      const wrong = tooMuch(await readsOf(name));
      if (wrong.length > 0) found[name] = wrong;
    }
    expect(found).toEqual({});
  });

  test('the test notices an index that is missing', async () => {
    await db.raw('drop index timeline_order');
    await db.raw('alter table timeline drop constraint timeline_order_id_dedupe_key_key');
    expect(tooMuch(await readsOf('timeline.timelineAfter'))).not.toEqual([]);
  });

  test('every function of db/ that asks the database is among them', () => {
    const asked = Object.keys(queries);
    const missing = repositoryFunctions().filter(
      (name) => !NO_QUERIES.has(name) && !asked.some((query) => query === name || query.startsWith(`${name} `)),
    );
    expect(missing).toEqual([]);
  });

  test('whatever asks the database by itself, outside db/, is known here', () => {
    const folders = ['activities', 'api', 'kafka-bridge', 'operations', 'redis', 'processes'];
    const asking = folders.flatMap(sourcesIn).filter((file) => {
      const source = readFileSync(join(ROOT, file), 'utf8');
      return /\b(db|trx)(\('|\.from\(|\.raw(<.*>)?\((?!'select 1'\)))/.test(source);
    });
    expect(asking.filter((file) => !ASK_BY_THEMSELVES.has(file))).toEqual([]);
  });
});

class RolledBack extends Error {}

async function someOrders(db: Db): Promise<SeededOrders> {
  const last = async (status: string) =>
    ((await db('orders').where({ status }).whereNull('coupon_request_id').max({ id: 'id' }).first()) as { id: number })
      .id;
  const withCoupon = (await db('coupon_requests').whereNotNull('order_id').orderBy('order_id', 'desc').first({
    orderId: 'order_id',
    requestId: 'request_id',
    code: 'code',
    userId: 'user_id',
  })) as SeededOrders['withCoupon'];
  return { completed: await last('COMPLETED'), pending: await last('PENDING_PAYMENT'), withCoupon, count: ORDERS };
}

function sourcesIn(folder: string): string[] {
  try {
    return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.endsWith('.d.ts'))
      .map((file) => `${folder}/${file}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** `file.function` of everything that db/ exports. */
function repositoryFunctions(): string[] {
  return sourcesIn('db')
    .filter((file) => !file.startsWith('db/migrations/'))
    .flatMap((file) => {
      const source = readFileSync(join(ROOT, file), 'utf8');
      const names = [...source.matchAll(/^export (?:async )?(?:function (\w+)|const (\w+) = (?:async )?\()/gm)];
      return names.map(
        ([, declared, assigned]) => `${file.slice('db/'.length, -'.ts'.length)}.${declared ?? assigned}`,
      );
    });
}
