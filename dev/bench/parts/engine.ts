import type { Child } from '../../child';
import type { Bench, Part } from '../bench';
import { type CpuUse, CpuWatch } from '../cpu';
import { median, type Spread, Window } from '../figures';
import { measureFloor } from '../floor';
import { GOALS } from '../goals';
import { warmRoles } from '../open-bench';
import { measureOrders, type OrdersRound } from '../orders';
import { relayLag } from '../relay-lag';
import { cpuRows, medianRow, type Row, spreadRow } from '../row';

export interface FloorRound {
  readonly perSecond: number;
  readonly cpu: CpuUse;
}

interface EngineRound {
  readonly floor: FloorRound;
  readonly orders: OrdersRound;
}

/** No-op workflows, then full orders, and so on: noise of the machine hits both alike. */
export const engine: Part = {
  name: 'engine',
  what: 'no-op workflows and full orders, in turns',
  async measure(bench) {
    const { plan, system, say } = bench;
    const first = await warmRoles(bench);
    const floor = await system.floor();
    const from = new Date();
    const rounds: EngineRound[] = [];
    for (let round = 1; round <= plan.rounds; round++) {
      const noops = await floorRound(bench, floor);
      const { inFlight, ordersS } = plan;
      const orders = await measureOrders(bench, { inFlight, seconds: ordersS });
      rounds.push({ floor: noops, orders });
      say(`  round ${round}: ${noops.perSecond.toFixed(0)} no-op workflows/s, ${orderLine(orders)}`);
    }
    bench.maxPerSecond = median(rounds.map(({ orders }) => orders.perSecond));
    const lag = await relayLag(system.db, from, new Date());
    const rows = [...rowsOf(rounds, lag, plan.inFlight), ...firstRows(first, rounds, plan.firstS)];
    return { figures: { first, rounds, relayLagMs: lag }, rows };
  },
};

export async function floorRound({ plan, system }: Bench, floor: Child): Promise<FloorRound> {
  const { inFlight, warmUpS, floorS } = plan;
  const readCpu = () => new CpuWatch(system.processes);
  const cpu = new Window(warmUpS, floorS).during(readCpu, (reading) => reading.use());
  const perSecond = await measureFloor(floor, { inFlight, warmUpS, seconds: floorS });
  return { perSecond, cpu: await cpu };
}

export const orderLine = ({ perSecond, cpuPerOrder }: OrdersRound): string =>
  `${perSecond.toFixed(1)} orders/s at ${cpuPerOrder?.totalMs.toFixed(1) ?? '?'} ms of CPU each`;

function rowsOf(rounds: readonly EngineRound[], lag: Spread, inFlight: number): Row[] {
  const of = (pick: (round: EngineRound) => number) => rounds.map(pick);
  return [
    medianRow(
      `no-op workflows/s, ${inFlight} in flight`,
      of(({ floor }) => floor.perSecond),
      0,
    ),
    medianRow(
      `full orders/s, ${inFlight} in flight`,
      of(({ orders }) => orders.perSecond),
      1,
    ),
    medianRow(
      'full orders / no-op workflows',
      of(({ orders, floor }) => orders.perSecond / floor.perSecond),
      3,
      GOALS.ordersPerNoop,
    ),
    medianRow(
      'CPU of a no-op workflow, ms',
      of(({ floor }) => noopCpuMs(floor)),
      1,
    ),
    ...cpuRows(
      'CPU of an order',
      rounds.map(({ orders }) => orders.cpuPerOrder),
    ),
    medianRow(
      'order created -> PREPARING, p50 ms',
      of(({ orders }) => orders.wholeMs.p50),
      0,
    ),
    spreadRow('relay lag at the maximum rate', lag),
    medianRow(
      'cores that other programs used meanwhile',
      of(({ orders }) => orders.cpu.others ?? Number.NaN),
      2,
    ),
  ];
}

/** The engines had just started, too, and their databases were empty; the part `start` has warm ones. */
function firstRows(first: OrdersRound | undefined, rounds: readonly EngineRound[], firstS: number): Row[] {
  if (!first?.cpuPerOrder) return [];
  const later = median(rounds.map(({ orders }) => orders.cpuPerOrder?.totalMs ?? Number.NaN));
  return [
    ...cpuRows(`CPU of an order in the first ${firstS} s of the run`, [first.cpuPerOrder]),
    medianRow(`first ${firstS} s of the run / later`, [first.cpuPerOrder.totalMs / later], 2, GOALS.firstSeconds),
  ];
}

/** What Temporal and the process of the no-op workflows used for one. */
function noopCpuMs({ perSecond, cpu }: FloorRound): number {
  const { temporal = 0, floor = 0 } = cpu.cores;
  return ((temporal + floor) / perSecond) * 1000;
}
