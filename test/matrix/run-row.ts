import { until } from '../support/until';
import type { Row, RowResult } from './row';
import type { Breakage } from './rows/breakages';
import type { Stage, Theatre } from './stage';
import { violationsOf } from './witness';
import type { SettledOrder } from './witness/invariant';

const CUSTOMERS = 4;
/** Of a counter-test, where something is to be stuck for ever. */
const SHORT_PATIENCE_MS = 30_000;

/** Injects a row's faults under load, waits until everything has settled, and reads the invariants from outside. */
export async function runRow(theatre: Theatre, row: Row, times: number, seed: number): Promise<RowResult> {
  const startedAt = performance.now();
  const stage = theatre.stage(seed, row.breaks ? SHORT_PATIENCE_MS : row.patienceMs);
  const { customers, problems } = stage;
  const mend = await broken(stage, row.breaks);
  await customers.open(row.customers ?? CUSTOMERS);
  await customers.more(3);
  try {
    await row.run(stage, times);
    // The load has outlived the faults, and is still served.
    await customers.more(3);
  } catch (error) {
    problems.push(`the row could not be carried out: ${(error as Error).stack}`);
  }
  const faultsEndedAt = performance.now();
  await customers.close();
  problems.push(...customers.complaints.map((complaint) => `I1: a customer: ${complaint}`));
  await untilSettled(stage).catch((error: Error) => problems.push(`I1: ${error.message}`));
  const orders = (await stage.watch.look(customers.orderIds)).map(({ isBusy: _, ...order }) => order);
  const settledSeconds = (performance.now() - faultsEndedAt) / 1_000;
  if (stage.injections.length < times) problems.push(`only ${stage.injections.length} of ${times} faults took place`);
  const toldStatus = async (orderId: number) => {
    const { status, saga } = await stage.shop.status(orderId);
    return { status, sagaState: saga.state };
  };
  const found = await violationsOf(row.invariants, { outside: stage.outside, orders, toldStatus }).catch(
    (error: Error) => [`the invariants could not be read: ${error.stack}`],
  );
  await mend();
  return {
    name: row.name,
    title: row.title,
    seed,
    asked: times,
    injections: stage.injections,
    orders: orders.length,
    outcomes: countsOf(orders),
    invariants: row.invariants,
    settledSeconds,
    seconds: (performance.now() - startedAt) / 1_000,
    violations: [...problems, ...found],
    notes: stage.notes,
    isBroken: row.breaks !== undefined,
  };
}

async function broken(stage: Stage, breaks: Breakage | undefined): Promise<() => Promise<void>> {
  return breaks ? breaks(stage) : () => Promise.resolve();
}

/** Waits until every order of the row rests, its outbox rows are published and their records committed. */
async function untilSettled({ customers, outside, watch, patienceMs }: Stage): Promise<void> {
  const { orderIds } = customers;
  await until(
    'every order to rest',
    async () => (await watch.look(orderIds).catch(() => [])).filter(({ isBusy }) => isBusy),
    (left) => left.length === 0,
    patienceMs,
  );
  const keys = orderIds.map(String);
  await until(
    'the outbox to be published',
    () => outside.rows('select topic, key from outbox where key = any($1) and published_at is null', [keys]),
    (rows) => rows.length === 0,
    patienceMs,
  );
  await untilCommitted(outside, patienceMs);
  await untilWorkflowsRest(outside, orderIds, patienceMs);
}

/** Waits until the groups have committed all there is; a group whose topic was never written to has nothing to commit. */
async function untilCommitted({ kafka }: Stage['outside'], patienceMs: number): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const { groups } = await admin.listGroups();
    const own = groups.map(({ groupId }) => groupId).filter((groupId) => !groupId.startsWith('witness-'));
    await until(
      'every record to be committed',
      async () => {
        const behind: string[] = [];
        for (const groupId of own)
          for (const { topic, partitions } of await admin.fetchOffsets({ groupId })) {
            const ends = await admin.fetchTopicOffsets(topic);
            for (const { partition, offset } of partitions)
              if (Number(offset) >= 0 && Number(ends.find((end) => end.partition === partition)?.high) > Number(offset))
                behind.push(`${topic}/${partition}`);
          }
        return behind;
      },
      (behind) => behind.length === 0,
      patienceMs,
    );
  } finally {
    await admin.disconnect();
  }
}

/** Temporal's list of executions follows them by a moment: an order that has just ended may still be listed as running. */
async function untilWorkflowsRest(
  outside: Stage['outside'],
  orderIds: readonly number[],
  patienceMs: number,
): Promise<void> {
  const { workflow } = await outside.temporal();
  await until(
    'the workflows of ended orders to be listed as over',
    async () => {
      const running: number[] = [];
      for await (const { workflowId } of workflow.list({
        query: `WorkflowType = 'orderSaga' and ExecutionStatus = 'Running'`,
      }))
        running.push(Number(workflowId.replace('order-', '')));
      const own = running.filter((orderId) => orderIds.includes(orderId));
      return outside.rows<{ id: string; status: string }>(
        `select id, status from orders where id = any($1) and status in ('COMPLETED', 'CANCELLED', 'REFUNDED')`,
        [own],
      );
    },
    (left) => left.length === 0,
    patienceMs,
  );
}

function countsOf(orders: readonly SettledOrder[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of orders) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
