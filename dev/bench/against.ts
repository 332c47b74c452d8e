import type { Bench, Measured } from './bench';
import { median } from './figures';
import { GOALS } from './goals';
import { warmRoles } from './open-bench';
import { measureOrders, type OrdersRound } from './orders';
import { type FloorRound, floorRound, orderLine } from './parts/engine';
import { cpuRows, medianRow } from './row';

interface Pair {
  readonly floor: FloorRound;
  readonly own: OrdersRound;
  readonly other: OrdersRound;
}

/** Orders through this checkout and through another, in turns, each on engines of its own; no-op workflows between. */
export async function against(own: Bench, other: Bench): Promise<Measured> {
  const { rounds, inFlight, ordersS } = own.plan;
  await warmRoles(own);
  await warmRoles(other);
  const noops = await own.system.floor();
  const load = { inFlight, seconds: ordersS };
  const pairs: Pair[] = [];
  for (let round = 1; round <= rounds; round++) {
    const floor = await floorRound(own, noops);
    const pair = { floor, own: await measureOrders(own, load), other: await measureOrders(other, load) };
    pairs.push(pair);
    own.say(`  round ${round}: this ${orderLine(pair.own)}, the other ${orderLine(pair.other)}`);
  }
  const cpu = pairs.map((pair) => cpuOf(pair.own) / cpuOf(pair.other));
  const perNoop = (pick: (pair: Pair) => OrdersRound) =>
    pairs.map((pair) => pick(pair).perSecond / pair.floor.perSecond);
  return {
    figures: { pairs, cpuRatio: median(cpu) },
    rows: [
      ...cpuRows(
        'CPU of an order, this checkout',
        pairs.map((pair) => pair.own.cpuPerOrder),
      ),
      ...cpuRows(
        'CPU of an order, the other',
        pairs.map((pair) => pair.other.cpuPerOrder),
      ),
      medianRow('CPU of an order, this / the other', cpu, 3, GOALS.cpuRelative),
      medianRow(
        'orders/s, this / the other',
        pairs.map((pair) => pair.own.perSecond / pair.other.perSecond),
        2,
      ),
      medianRow(
        'full orders / no-op workflows, this',
        perNoop((pair) => pair.own),
        3,
        GOALS.ordersPerNoop,
      ),
      medianRow(
        'full orders / no-op workflows, the other',
        perNoop((pair) => pair.other),
        3,
      ),
      medianRow(
        'cores that other programs and the idle checkout used meanwhile',
        pairs.map((pair) => pair.own.cpu.others ?? Number.NaN),
        2,
      ),
    ],
  };
}

const cpuOf = ({ cpuPerOrder }: OrdersRound) => cpuPerOrder?.totalMs ?? Number.NaN;
