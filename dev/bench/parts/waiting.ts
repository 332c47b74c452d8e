import { Client, Connection } from '@temporalio/client';
import { newEvent } from '../../../contracts/event-record';
import { TOPICS } from '../../../contracts/topics';
import { orderWorkflowId } from '../../../contracts/workflow-api';
import type { Bench, Part } from '../bench';
import { type CpuUse, memoryMiBOf } from '../cpu';
import { median, sleep } from '../figures';
import { carryOn, measureOrders, type OrdersRound, reserve, times, untilDrained } from '../orders';
import { cpuRows, medianRow, type Row } from '../row';

/** Whose histories are looked at. */
const SAMPLE = 50;
const INSERT_AT_ONCE = 500;
const MOVED_WITHIN_MS = 600_000;
const LOOK_EVERY_MS = 100;

/** What orders cost that only wait for the carrier, and what a restart of everything costs then. */
export const waiting: Part = {
  name: 'waiting',
  what: 'orders that wait for the carrier, a restart of all roles, then the parcels of some of them',
  async measure(bench) {
    const { system, plan, say } = bench;
    const { inFlight, ordersS, idleS, waitingOrders, waitingMoved } = plan;
    const load = { inFlight, seconds: ordersS };
    await system.startRoles();
    await untilDrained(bench, { inFlight, isOver: times(waitingOrders) }, async () =>
      carryOn(bench, await reserve(bench)),
    );
    const orderIds = (await system.db('orders').where({ status: 'PREPARING' }).orderBy('id').pluck('id')) as number[];
    say(`  ${orderIds.length} orders wait`);
    const tables = await tablesOf(bench);
    const histories = await historiesOf(bench, orderIds);
    const events = histories.map((history) => history.events);
    const bytes = histories.map((history) => history.bytes);
    const memoryMiB = memoryOf(bench);
    const beside = await measureOrders(bench, load);

    await system.endRoles();
    const begunAt = performance.now();
    await system.startRoles();
    const readyS = (performance.now() - begunAt) / 1000;
    const idle = await idleFor(bench, idleS * 2);
    const restarted = await measureOrders(bench, load);
    // The oldest: their workflows are in no worker's cache.
    const moved = await moveParcels(bench, orderIds.slice(0, waitingMoved));
    return {
      figures: { orders: orderIds.length, beside, tables, histories, memoryMiB, readyS, idle, restarted, moved },
      rows: [
        { name: 'orders that wait', got: String(orderIds.length) },
        ...ordersRows('beside them', beside),
        {
          name: 'rows of an order that waits',
          got: tables.map(({ name, rows }) => `${name} ${(rows / orderIds.length).toFixed(1)}`).join(', '),
        },
        medianRow(
          'Postgres, KiB an order, indexes included',
          [tables.reduce((sum, table) => sum + table.bytes, 0) / 1024 / orderIds.length],
          1,
        ),
        {
          name: 'history of an order that waits',
          got: `${median(events)} events, ${(median(bytes) / 1024).toFixed(1)} KiB`,
        },
        { name: 'memory of the roles, MiB', got: memoryMiB.toFixed(0) },
        { name: 'all roles started again', got: `in ${readyS.toFixed(1)} s` },
        { name: `cores in the ${idleS * 2} s afterwards, nobody ordering`, got: coresOf(idle) },
        ...ordersRows('after the restart', restarted),
        medianRow(`first parcel news of ${waitingMoved} of them, moved/s`, [moved.perSecond], 1),
        { name: '  cores meanwhile', got: coresOf(moved.cpu) },
      ],
    };
  },
};

const ordersRows = (when: string, round: OrdersRound): Row[] => [
  medianRow(`orders/s ${when}`, [round.perSecond], 1),
  ...cpuRows(`  CPU of an order ${when}`, [round.cpuPerOrder]),
];

const coresOf = ({ cores }: CpuUse): string =>
  Object.entries(cores)
    .filter(([, used]) => used >= 0.005)
    .map(([name, used]) => `${name} ${used.toFixed(2)}`)
    .join(', ');

interface TableSize {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
}

/** Tables that orders fill, the largest first. */
async function tablesOf({ system }: Bench): Promise<TableSize[]> {
  await system.db.raw('analyze');
  const { rows } = await system.db.raw<{ rows: TableSize[] }>(
    `select relname as name, reltuples::float8 as rows, pg_total_relation_size(oid)::float8 as bytes
     from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and reltuples >= 1000
     order by bytes desc`,
  );
  return rows;
}

async function historiesOf({ system }: Bench, orderIds: readonly number[]) {
  const connection = await Connection.connect({ address: system.addresses.temporal });
  try {
    const { workflow } = new Client({ connection });
    const every = Math.max(1, Math.floor(orderIds.length / SAMPLE));
    const sample = orderIds.filter((_, index) => index % every === 0);
    const described = sample.map((orderId) => workflow.getHandle(orderWorkflowId(orderId)).describe());
    return (await Promise.all(described)).map(({ historyLength, historySize }) => ({
      events: historyLength,
      bytes: historySize ?? Number.NaN,
    }));
  } finally {
    await connection.close();
  }
}

const memoryOf = ({ system }: Bench): number => system.rolePids.reduce((sum, pid) => sum + memoryMiBOf(pid), 0);

async function idleFor(bench: Bench, seconds: number): Promise<CpuUse> {
  const watch = bench.watchCpu();
  await sleep(seconds * 1000);
  return watch.use();
}

/** The carrier has scanned these parcels, all at once. */
async function moveParcels(bench: Bench, orderIds: readonly number[]) {
  const { db } = bench.system;
  const events = orderIds.map((orderId) =>
    newEvent(TOPICS.shipmentStatus, {
      orderId,
      status: 'SHIPMENT_STARTED',
      eventCreatedAt: new Date().toISOString(),
    }),
  );
  const watch = bench.watchCpu();
  const begunAt = performance.now();
  for (let from = 0; from < events.length; from += INSERT_AT_ONCE)
    await db('outbox').insert(events.slice(from, from + INSERT_AT_ONCE));
  const deadline = begunAt + MOVED_WITHIN_MS;
  const left = () => db('orders').whereIn('id', orderIds).where({ status: 'PREPARING' }).first('id');
  while (await left()) {
    if (performance.now() > deadline) throw new Error('parcels stay where they are');
    await sleep(LOOK_EVERY_MS);
  }
  return { perSecond: orderIds.length / ((performance.now() - begunAt) / 1000), cpu: watch.use() };
}
