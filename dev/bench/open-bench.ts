import type { Bench } from './bench';
import { CpuWatch } from './cpu';
import type { Plan } from './options';
import { measureOrders, type OrdersRound } from './orders';
import { Shop } from './shop';
import { StatusWatch } from './status-watch';
import type { BenchSystem } from './system';

/** A shop with goods on a system whose roles all run. */
export async function openBench(system: BenchSystem, plan: Plan, say: (line: string) => void): Promise<Bench> {
  const shop = await Shop.open(system.addresses.api, system.jwtSecret);
  await system.startRoles();
  await shop.stockUp();
  const watchCpu = () => new CpuWatch(system.processes);
  return { system, shop, watch: new StatusWatch(system.db), plan, watchCpu, say };
}

/** Starts every role that does not run, and has fresh ones do some work first, which is returned: none is as fast as it will be. */
export async function warmRoles(bench: Bench): Promise<OrdersRound | undefined> {
  const { inFlight, firstS } = bench.plan;
  await bench.system.startRoles();
  if (!bench.system.isFresh) return undefined;
  bench.system.isFresh = false;
  return measureOrders(bench, { inFlight, seconds: firstS });
}
