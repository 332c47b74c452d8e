import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createReconciliationActivities } from '../../activities/reconciliation';
import type { ReconciliationRunView } from '../../contracts/responses/reconciliation';
import {
  RECONCILIATION_WORKFLOW_ID,
  type ReconciliationInput,
  TASK_QUEUES,
  WORKFLOWS,
} from '../../contracts/workflow-api';
import { type Db, openDatabase } from '../../db/connection';
import { putProduct } from '../../db/products';
import { findRun, type ReconciliationRun } from '../../db/reconciliation-runs';
import { migrateSchema } from '../../db/schema';
import type { Finding } from '../../domain/finding';
import type { StepUndos } from '../../operations/reconciliation/fixers';
import { type Providers, sandboxProviders } from '../../providers/sandbox-http';
import { runningSandbox } from '../../sandbox/running-sandbox';
import type { Workflows } from '../../temporal/workflows';
import { payableOrders } from '../support/burst';
import { sharedSystem } from '../support/environment';
import { Fixture } from '../support/fixture';
import { ordersaga } from '../support/operator-command';
import { insertUnannounced } from '../support/orders';
import { ownDatabase } from '../support/own-database';
import { Reconciler } from '../support/reconciler';
import type { PayRequest } from '../support/shop';
import { until } from '../support/until';

const GRACE_MS = 1_000;

describe('a run of the reconciliation', () => {
  const fixture = new Fixture();
  let db: Db;
  const sandbox = runningSandbox();
  let providers: Providers;
  let activities: ReturnType<typeof createReconciliationActivities>;
  const sku = 'mug';
  beforeAll(async () => {
    db = openDatabase({ url: await ownDatabase(fixture, sharedSystem().postgres), poolMax: 4 });
    fixture.defer(() => db.destroy());
    await migrateSchema(db);
    await db.transaction((trx) => putProduct(trx, { sku, name: 'Mug', priceMinor: 1_000, freeUnits: 100 }));
  });
  beforeEach(() => {
    // All of them run.
    const workflows = { runningAmong: async (ids: readonly string[]) => new Set(ids) } as unknown as Workflows;
    providers = sandboxProviders({ url: sandbox.url(), timeoutMs: 10_000 });
    const of = { db, workflows, providers, undos: {} as StepUndos };
    activities = createReconciliationActivities({ ...of, graceMs: GRACE_MS, retryDelayMs: 1_000 });
  });

  /** An order that was made an hour ago, and waits for its stock. */
  async function order(): Promise<number> {
    const lines = [{ sku, name: 'Mug', quantity: 1, unitPriceMinor: 1_000 }];
    const who = { userId: 'kim', userEmail: 'kim@example.com' };
    const { id } = await db.transaction((trx) =>
      insertUnannounced(trx, { ...who, currency: 'KRW', totalMinor: 1_000, lines }),
    );
    const anHourAgo = new Date(Date.now() - 3_600_000);
    await db('orders').where({ id }).update({ run_id: 'run', created_at: anHourAgo, updated_at: anHourAgo });
    await db('outbox').update({ published_at: db.fn.now() });
    return id;
  }

  /** An order that was cancelled and whose stock step is still in effect. */
  async function cancelledOrder(): Promise<number> {
    const id = await order();
    await db('orders').where({ id }).update({ status: 'CANCELLED', saga_state: 'SETTLED' });
    const step = { key: `${id}:payment:1`, order_id: id, step: 'payment', attempt: 1, state: 'DONE' };
    await db('saga_steps').insert({ ...step, updated_at: new Date(Date.now() - 3_600_000) });
    return id;
  }

  const begin = async (asked: Partial<ReconciliationInput> = {}): Promise<string> => {
    const runId = randomUUID();
    const defaults = { scope: 'FULL', isDryRun: false, isFixing: false, actor: 'schedule' } as const;
    await activities.beginReconciliation({ ...defaults, ...asked, runId });
    return runId;
  };
  const within = (runId: string, name: 'examineShop' | 'healFindings', heartbeatDetails?: unknown) =>
    new MockActivityEnvironment({ heartbeatDetails }).run(activities[name], { runId });

  async function run(asked: Partial<ReconciliationInput> = {}): Promise<ReconciliationRun> {
    const runId = await begin(asked);
    await within(runId, 'examineShop');
    if (!asked.isDryRun) await within(runId, 'healFindings');
    await activities.endReconciliation({ runId, state: 'DONE' });
    return (await findRun(db, runId)) as ReconciliationRun;
  }
  const items = () =>
    db('operator_items')
      .where({ kind: 'RECONCILIATION' })
      .orderBy('id')
      .select('subject', 'state', 'times', 'offered_fix');

  test('finds nothing where all is well', async () => {
    for (let made = 0; made < 3; made++) await order();
    expect(await run()).toMatchObject({ state: 'DONE', examined: { orders: 3 }, found: {}, healed: {} });
    expect(await items()).toEqual([]);
  });

  test('lists what it finds, once, and closes it when it is gone', async () => {
    const id = await cancelledOrder();
    const subject = `MISSING_UNDO/order-${id}/payment/1`;
    const dry = await run({ isDryRun: true });
    expect(dry).toMatchObject({ found: { MISSING_UNDO: 1 }, preview: [{ subject, offeredFix: 'UNDO_STEP' }] });
    expect(await items()).toEqual([]);

    expect(await run()).toMatchObject({ found: { MISSING_UNDO: 1 } });
    expect(await run()).toMatchObject({ found: { MISSING_UNDO: 1 } });
    expect(await items()).toEqual([{ subject, state: 'OPEN', times: 2, offered_fix: 'UNDO_STEP' }]);

    await db('saga_steps').where({ order_id: id }).update({ state: 'UNDONE' });
    expect(await run()).toMatchObject({ found: {}, healed: { MISSING_UNDO: 1 } });
    expect(await items()).toMatchObject([{ state: 'HEALED' }]);
  });

  test('looks at products, coupons and the outbox, and closes what is mended there, too', async () => {
    await db('products').where({ sku }).increment('free_units', 1);
    await db('coupons').insert({
      ...{ code: 'opening', name: 'Opening', total: 9, taken: 1, discount_type: 'FIXED', discount_value: 1 },
    });
    await db('outbox').insert({ topic: 'no.such.topic', key: '1', value: '{}', available_at: new Date(0) });
    const codes = { STOCK_DIFFERS: 1, SLOT_WITHOUT_OWNER: 1, UNPUBLISHED_ROW: 1 };
    expect((await run()).found).toEqual(codes);
    await db('products').where({ sku }).decrement('free_units', 1);
    await db('coupons').where({ code: 'opening' }).update({ taken: 0 });
    await db('outbox').where({ topic: 'no.such.topic' }).delete();
    expect(await run()).toMatchObject({ found: {}, healed: codes });
  });

  test('compares what the providers have, and says which of them it could not ask', async () => {
    const payment = { key: '900:payment:1', orderId: 900, amountMinor: 5_000, currency: 'KRW', token: 'tok_visa' };
    const { ref } = await providers.payment.open(payment);
    await providers.payment.confirm(ref);
    const subject = `PAID_WITHOUT_ORDER/payment/${ref}`;
    const found = () => db('operator_items').where({ subject }).select('state', 'amount_at_risk_minor', 'order_id');
    await until(
      'its grace to be over',
      () => run().then(found),
      (listed) => listed.length === 1,
    );
    expect(await found()).toEqual([{ state: 'OPEN', amount_at_risk_minor: 5_000, order_id: null }]);

    const fault = { mode: 'unavailable' };
    await sandbox.call('PUT', '/faults/payment', fault);
    await sandbox.call('PUT', '/faults/carrier', fault);
    const unavailable = { payment: expect.any(String), carrier: expect.any(String) };
    expect(await run()).toMatchObject({ unavailable, healed: {} });
    expect(await found()).toMatchObject([{ state: 'OPEN' }]);

    for (const provider of ['payment', 'carrier']) await sandbox.call('PUT', `/faults/${provider}`, { mode: 'none' });
    await providers.payment.close(ref);
    expect(await run()).toMatchObject({ unavailable: {}, healed: { PAID_WITHOUT_ORDER: 1 } });
    expect(await found()).toMatchObject([{ state: 'HEALED' }]);
  });

  test('goes on where the try before it was killed', async () => {
    await order();
    const ids = (await db('orders').orderBy('id').pluck('id')) as number[];
    const runId = await begin();
    const after = ids.at(-2);
    await within(runId, 'examineShop', { after, orders: ids.length - 1, found: {} });
    expect(await findRun(db, runId)).toMatchObject({ examined: { orders: ids.length } });
    const beats: unknown[] = [];
    const environment = new MockActivityEnvironment();
    environment.on('heartbeat', (cursor) => beats.push(cursor));
    await environment.run(activities.examineShop, { runId });
    expect(beats.at(-1)).toMatchObject({ after: ids.at(-1), orders: ids.length });
  });

  test('what was cut short is over when the next one begins', async () => {
    const cut = await begin();
    await begin();
    expect(await findRun(db, cut)).toMatchObject({ state: 'FAILED' });
  });

  test('an incremental one examines what has changed since, and the first one everything', async () => {
    await db('reconciliation_runs').delete();
    expect(await run({ scope: 'INCREMENTAL' })).toMatchObject({ scope: 'FULL' });
    await db('reconciliation_runs').update({ started_at: new Date(Date.now() - 3_600_000) });
    expect(await run({ scope: 'INCREMENTAL' })).toMatchObject({ scope: 'FULL' });
    const id = await cancelledOrder();
    expect(await run({ scope: 'INCREMENTAL' })).toMatchObject({
      scope: 'INCREMENTAL',
      examined: { orders: 1 },
      found: { MISSING_UNDO: 1 },
    });
    await db('saga_steps').where({ order_id: id }).update({ state: 'UNDONE' });
    const since = new Date(Date.now() + 3_600_000).toISOString();
    expect(await run({ scope: 'INCREMENTAL', since })).toMatchObject({
      examined: { orders: 0 },
      healed: { MISSING_UNDO: 1 },
    });
  });
});

describe('reconciling a shop that works', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  const since = () => new Date().toISOString();
  const ended = (id: string) =>
    until(
      `run ${id} to end`,
      () => shop.operate<ReconciliationRunView>('GET', `/reconciliation/${id}`),
      ({ status, body }) => status === 200 && body.data.state !== 'RUNNING',
    );

  test('is asked for by the API: one run at a time, and each is kept', async () => {
    const start = (body: object) => shop.operate<{ id: string }>('POST', '/reconciliation', body);
    expect((await start({ fix: true })).body).toMatchObject({ code: 'VALIDATION_FAILED' });
    const { workflow } = await shop.temporal();
    // One that no worker takes up, as if it took long.
    const long = await workflow.start(WORKFLOWS.reconciliation, {
      workflowId: RECONCILIATION_WORKFLOW_ID,
      taskQueue: 'no-worker',
    });
    expect(await start({ dryRun: true })).toMatchObject({ status: 409, body: { code: 'RECONCILIATION_RUNNING' } });
    const scheduled = { workflowId: `scheduled-${randomUUID()}`, taskQueue: TASK_QUEUES.ops };
    await workflow.execute(WORKFLOWS.scheduledReconciliation, { ...scheduled, args: [{ scope: 'INCREMENTAL' }] });
    expect((await long.describe()).status.name).toBe('RUNNING');
    await long.terminate('by the test');

    const started = await start({ since: since(), dryRun: true, reason: 'a look' });
    expect(started.status).toBe(202);
    const { id } = started.body.data;
    expect((await ended(id)).body.data).toMatchObject({ id, state: 'DONE', dryRun: true, scope: 'INCREMENTAL' });
    const { body } = await shop.operate<{ runs: ReconciliationRunView[] }>('GET', '/reconciliation');
    expect(body.data.runs.map((run) => run.id)).toContain(id);
    expect((await shop.operate('GET', '/reconciliation/none')).body.code).toBe('RECONCILIATION_NOT_FOUND');
  });

  test('is asked for by the command, which says what is left and ends with it', async () => {
    const env = { ORDERSAGA_API: shop.system.api, ORDERSAGA_TOKEN: await shop.operatorToken() };
    const sku = await shop.product(5);
    await shop.db('products').where({ sku }).increment('free_units', 1);
    const found = await ordersaga(['reconcile', '--since', '1s', '--dry-run'], env);
    expect(found.stdout.toString()).toMatch(new RegExp(`STOCK_DIFFERS/sku-${sku}.*free=6`));
    expect(found.exitCode).toBe(1);
    await shop.db('products').where({ sku }).decrement('free_units', 1);
    const { stderr } = await ordersaga(['reconcile', '--since', '1s', '--dry-run', '--json'], env);
    expect(stderr).not.toContain(sku);
    expect((await ordersaga(['reconcile', '--fix'], env)).exitCode).toBe(2);
  });

  test('finds nothing of orders under load, whatever they come to', async () => {
    const orderIds = await payableOrders(shop, 24);
    const reconciler = new Reconciler(shop);
    let isOver = false;
    const looking = (async () => {
      const found: Finding[] = [];
      while (!isOver) found.push(...(await reconciler.examine(...orderIds)));
      return found;
    })();
    const commands: PayRequest[] = [
      {},
      { warehouseStorage: true },
      { token: 'tok_declined' },
      { recipientName: 'fault:ship_refused' },
      { token: 'tok_timeout_after_charge' },
    ];
    try {
      await Promise.all(orderIds.map((orderId, at) => shop.pay(orderId, commands[at % commands.length])));
      for (const orderId of orderIds) await shop.attemptEnds(orderId);
      await Promise.all(
        orderIds
          .filter((_, at) => at % 4 === 0)
          .map((orderId) =>
            shop.call('POST', `/api/orders/${orderId}/cancel`, { body: { reason: 'changed my mind' } }),
          ),
      );
    } finally {
      isOver = true;
    }
    // Without any grace, what is on its way to its workflow is all that may be found.
    expect((await looking).filter(({ code }) => code !== 'REQUEST_WITHOUT_RECORD')).toEqual([]);
    const atRest = () => reconciler.examine(...orderIds);
    await until('nothing to be found', atRest, (found) => found.length === 0);
  });
});
