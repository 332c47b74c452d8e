import type { Part } from '../bench';
import { cpuSecondsOf } from '../cpu';
import { GOALS } from '../goals';
import { measureOrders } from '../orders';
import { cpuRows } from '../row';

/** How much more an order costs just after the roles have started; the engines are warm. */
export const start: Part = {
  name: 'start',
  what: 'orders right after the roles have started, and later',
  async measure(bench) {
    const { system, plan } = bench;
    const { inFlight, firstS } = plan;
    const load = { inFlight, seconds: firstS };
    await system.endRoles();
    const begunAt = performance.now();
    await system.startRoles();
    const readyS = (performance.now() - begunAt) / 1000;
    const startUpCpuS = system.rolePids.reduce((sum, pid) => sum + (cpuSecondsOf(pid) ?? 0), 0);
    const first = await measureOrders(bench, load);
    system.isFresh = false;
    await measureOrders(bench, load);
    const warm = await measureOrders(bench, load);
    const ratio = (first.cpuPerOrder?.totalMs ?? Number.NaN) / (warm.cpuPerOrder?.totalMs ?? Number.NaN);
    return {
      figures: { readyS, startUpCpuS, first, warm },
      rows: [
        { name: 'all roles started', got: `in ${readyS.toFixed(1)} s, with ${startUpCpuS.toFixed(1)} s of CPU` },
        ...cpuRows(`CPU of an order in the first ${firstS} s`, [first.cpuPerOrder]),
        ...cpuRows('CPU of an order later', [warm.cpuPerOrder]),
        {
          name: `first ${firstS} s after the roles have started / later`,
          got: ratio.toFixed(2),
          value: ratio,
          goal: GOALS.firstSeconds,
        },
      ],
    };
  },
};
