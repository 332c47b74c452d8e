import { seedOrders } from '../../many-orders';
import type { Bench, Part } from '../bench';
import { GOALS } from '../goals';
import { warmRoles } from '../open-bench';
import { measureOrders, type OrdersRound, relayed } from '../orders';
import { cpuRows, medianRow, type Row } from '../row';
import { orderLine } from './engine';

interface GrowthRound {
  readonly finishedOrders: number;
  readonly inFlight: number;
  readonly orders: OrdersRound;
}

/** The same orders in a young shop and in one that has sold much, with few in flight and with many. */
export const growth: Part = {
  name: 'growth',
  what: 'orders in a database that is empty and in one that is not, with few in flight and with many',
  async measure(bench) {
    const { growthOrders } = bench.plan;
    // Leaves the first numbers to those that are made by SQL.
    await bench.system.db.raw(`select setval(pg_get_serial_sequence('orders', 'id'), ?)`, [growthOrders]);
    await warmRoles(bench);
    const young = await rounds(bench, 0);
    await bench.system.endRoles();
    bench.say(`  making ${growthOrders} finished orders`);
    await seedOrders(bench.system.db, growthOrders, 0);
    await warmRoles(bench);
    const old = await rounds(bench, growthOrders);
    return { figures: [...young, ...old], rows: rowsOf(young, old) };
  },
};

async function rounds(bench: Bench, finishedOrders: number): Promise<GrowthRound[]> {
  const { growthInFlight, ordersS } = bench.plan;
  const measured: GrowthRound[] = [];
  for (const inFlight of growthInFlight) {
    const orders = await measureOrders(bench, { inFlight, seconds: ordersS });
    await relayed(bench);
    measured.push({ finishedOrders, inFlight, orders });
    bench.say(`  ${titleOf({ finishedOrders, inFlight })}: ${orderLine(orders)}`);
  }
  return measured;
}

const titleOf = ({ finishedOrders, inFlight }: Pick<GrowthRound, 'finishedOrders' | 'inFlight'>) =>
  `${finishedOrders} finished orders, ${inFlight} in flight`;

function rowsOf(young: readonly GrowthRound[], old: readonly GrowthRound[]): Row[] {
  const cpuMs = ({ orders }: GrowthRound) => orders.cpuPerOrder?.totalMs ?? Number.NaN;
  const byFinished = old.map((round, index) => cpuMs(round) / cpuMs(young[index] as GrowthRound));
  const byInFlight = [young, old].map((rounds) => rounds.map(cpuMs)).map((all) => Math.max(...all) / Math.min(...all));
  return [
    ...[...young, ...old].flatMap((round) => [
      medianRow(`orders/s: ${titleOf(round)}`, [round.orders.perSecond], 1),
      ...cpuRows('  CPU of an order', [round.orders.cpuPerOrder]),
    ]),
    growthRow('CPU of an order beside finished orders / without, by number in flight', byFinished),
    growthRow('CPU of an order, most / least by number in flight, without finished orders and beside them', byInFlight),
  ];
}

/** The worst is compared with the goal. */
const growthRow = (name: string, ratios: readonly number[]): Row => ({
  name,
  got: ratios.map((ratio) => ratio.toFixed(2)).join(', '),
  value: Math.max(...ratios),
  goal: GOALS.growth,
});
