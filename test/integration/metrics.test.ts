import { randomUUID } from 'node:crypto';
import { openDatabase } from '../../db/connection';
import { openOperatorItem } from '../../db/operator-items';
import { migrateSchema } from '../../db/schema';
import { expressions, labelsIn, metricsIn } from '../../dev/deployed';
import { measureBacklog } from '../../kafka-bridge/outbox/backlog';
import { RelayMetrics } from '../../observability/relay-metrics';
import { Fixture } from '../support/fixture';
import { metric } from '../support/metrics';
import { ownDatabase } from '../support/own-database';
import { until } from '../support/until';

const fixture = new Fixture();
const shop = fixture.shop();

const worker = (name: string, labels: Readonly<Record<string, string>>) =>
  metric(shop.system.probes.worker, name, labels);
const steps = (step: string, direction: 'do' | 'undo', outcome: string) =>
  worker('ordersaga_step_duration_seconds_count', { step, direction, outcome });
const attempts = (outcome: string) => worker('ordersaga_attempt_duration_seconds_count', { outcome });
const calls = (provider: string, operation: string, outcome: string) =>
  worker('ordersaga_provider_call_duration_seconds_count', { provider, operation, outcome });

/** Waits until each of these counts is larger by that than before `work`. */
async function grow(counts: Readonly<Record<string, () => Promise<number>>>, work: () => Promise<unknown>) {
  const read = async () => Promise.all(Object.values(counts).map((count) => count()));
  const before = await read();
  await work();
  await until(
    `${Object.keys(counts).join(', ')} to grow by one`,
    async () => (await read()).map((count, at) => count - (before[at] ?? 0)),
    (grown) => grown.every((by) => by >= 1),
  );
}

describe('what an order does is measured', () => {
  test('a good attempt, as each of its steps, though it is one activity', async () => {
    const { orderId } = await shop.payableOrder();
    await grow(
      {
        'attempts PREPARING': () => attempts('PREPARING'),
        'payment done': () => steps('payment', 'do', 'done'),
        'shipment done': () => steps('shipment', 'do', 'done'),
        'payment confirm': () => calls('payment', 'confirm', 'done'),
      },
      async () => {
        await shop.pay(orderId);
        await shop.reaches(orderId, 'PREPARING');
      },
    );
  });

  test('a refusal and the compensations that follow from it', async () => {
    const { orderId } = await shop.payableOrder();
    await grow(
      {
        'attempts AWAIT_CUSTOMER': () => attempts('AWAIT_CUSTOMER'),
        'warehouse refused': () => steps('warehouse', 'do', 'refused'),
        'payment undone': () => steps('payment', 'undo', 'done'),
        'shipment undone': () => steps('shipment', 'undo', 'done'),
        'warehouse store': () => calls('warehouse', 'store', 'refused'),
        'payment close': () => calls('payment', 'close', 'done'),
      },
      async () => {
        await shop.pay(orderId, { recipientName: 'fault:store_refused', warehouseStorage: true });
        await shop.attemptEnds(orderId);
      },
    );
  });

  test('a declined card, which is the payment provider’s no and no failure of it', async () => {
    const { orderId } = await shop.payableOrder();
    await grow(
      {
        'payment declined': () => steps('payment', 'do', 'declined'),
        'payment confirm': () => calls('payment', 'confirm', 'refused'),
      },
      async () => {
        await shop.pay(orderId, { token: 'tok_declined' });
        await shop.attemptEnds(orderId);
      },
    );
  });

  test('a provider that does not respond', async () => {
    const { orderId } = await shop.payableOrder();
    await shop.providers.outage(orderId, 'unavailable');
    await grow(
      {
        'payment unavailable': () => steps('payment', 'do', 'unavailable'),
        'payment calls': () => calls('payment', 'open', 'unavailable'),
      },
      () => shop.pay(orderId),
    );
    await shop.providers.endFaults('payment', orderId);
    await shop.reaches(orderId, 'PREPARING');
  });
});

test('what needs a person is a fact of the database: a relay that has just started knows it, and that it is over', async () => {
  const { orderId } = await shop.payableOrder();
  const parked = { kind: 'PARKED_SAGA', cause: 'UNDO_REFUSED' };
  const recipientName = 'fault:store_refused fault:undo_refused:1';
  await shop.pay(orderId, { recipientName, warehouseStorage: true });
  await until(
    'the parked saga',
    () => shop.db('operator_items').where({ order_id: orderId, state: 'OPEN' }).pluck('kind') as Promise<string[]>,
    (kinds) => kinds.includes('PARKED_SAGA'),
  );
  const relay = await fixture.another('relay', shop.system);
  const open = () => metric(relay.url, 'ordersaga_operator_items_open', parked);
  const before = await until('the item', open, (count) => count >= 1);
  const needsOperator = { saga_state: 'NEEDS_OPERATOR' };
  await until(
    'the saga',
    () => metric(relay.url, 'ordersaga_orders_at_work', needsOperator),
    (count) => count >= 1,
  );
  const age = () => metric(relay.url, 'ordersaga_operator_items_oldest_age_seconds', { kind: parked.kind });
  expect(await age()).toBeGreaterThan(0);

  const decision = { decisionId: randomUUID(), step: 'shipment', decision: 'RETRY', reason: 'the carrier was called' };
  expect((await shop.operate('POST', `/sagas/${orderId}/resolve`, decision)).status).toBeLessThan(300);
  await until('the item to be closed', open, (count) => count < before);
});

test('causes that other systems make up are not a series each', async () => {
  const db = openDatabase({ url: await ownDatabase(fixture, shop.system.postgres), poolMax: 4 });
  fixture.defer(() => db.destroy());
  await migrateSchema(db);
  const list = (subject: number, cause: string) =>
    openOperatorItem(db, { kind: 'DEAD_LETTER', subject: `foreign.DLT/0/${subject}`, cause });
  for (let subject = 0; subject < 100; subject++) await list(subject, subject < 40 ? 'FREQUENT' : `MADE_UP_${subject}`);
  const metrics = new RelayMetrics('test');
  await measureBacklog(db, metrics);
  const { values } = await metrics.openItems.get();
  expect(values.length).toBeLessThanOrEqual(51);
  expect(values.reduce((sum, { value }) => sum + value, 0)).toBe(100);
  expect(values).toContainEqual({ labels: { kind: 'DEAD_LETTER', cause: 'FREQUENT' }, value: 40 });
  expect((await metrics.deadLettersOpen.get()).values).toEqual([{ labels: { topic: 'foreign.DLT' }, value: 100 }]);
});

test('every metric and label that a rule or the dashboard names exists in the processes', async () => {
  const { orderId } = await shop.payableOrder();
  // Slower than a call within a workflow task may be: a regular activity makes it, which waits for a worker.
  await shop.providers.outage(orderId, 'slow', 'carrier');
  await shop.pay(orderId);
  await shop.reaches(orderId, 'PREPARING');
  const { api, probes } = shop.system;
  const urls = [api, ...Object.values(probes)];
  const texts = await Promise.all(urls.map(async (url) => (await fetch(`${url}/metrics`)).text()));
  const lines = texts.flatMap((text) => text.split('\n'));
  const types = new Map(
    lines.flatMap((line) => {
      const [, name = '', type = ''] = /^# TYPE (\S+) (\S+)/.exec(line) ?? [];
      return name ? [[name, type] as const] : [];
    }),
  );
  const exists = (name: string) =>
    types.get(name.replace(/_(bucket|sum|count)$/, '')) === 'histogram' ||
    ['counter', 'gauge'].includes(types.get(name) ?? '');
  const missing = expressions().flatMap(({ of, expression }) =>
    metricsIn(expression).flatMap((name) => (exists(name) ? [] : [`${of}: ${name}`])),
  );
  expect(missing).toEqual([]);

  const labelsOf = (name: string) =>
    lines
      .filter((line) => line.startsWith(`${name}{`))
      .flatMap((line) => [...line.matchAll(/(\w+)="/g)].map(([, label]) => label));
  const wrong = expressions().filter(({ expression }) => {
    const labels = new Set(metricsIn(expression).flatMap(labelsOf));
    return labels.size > 0 && labelsIn(expression).some((label) => !labels.has(label));
  });
  expect(wrong).toEqual([]);
});
