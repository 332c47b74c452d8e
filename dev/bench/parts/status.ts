import type { Bench, Part } from '../bench';
import { GOALS } from '../goals';
import { warmRoles } from '../open-bench';
import { reserve, times, untilDrained } from '../orders';
import { readersOf } from '../readers';
import { http } from '../row';

/** Many customers who each look at an order of their own that is under way, again and again. */
export const status: Part = {
  name: 'status',
  what: 'customers who look at their orders',
  async measure(bench) {
    const { shop, system, plan } = bench;
    const { readers, readersWarmUpS, readersS } = plan;
    await warmRoles(bench);
    const paths = (await ordersUnderWay(bench, readers)).map((id) => `/api/orders/${id}/status`);
    const cpu = bench.watchCpu();
    const load = { warmUpS: readersWarmUpS, seconds: readersS };
    const figures = await readersOf(system.addresses.api, shop.token, paths, load);
    return {
      figures: { ...figures, cpu: cpu.use() },
      rows: [
        {
          name: `status: ${readers} readers of as many orders`,
          got: http(figures),
          value: figures.perSecond,
          goal: GOALS.statusPerSecond,
        },
      ],
    };
  },
};

/** The newest whose workflows wait for what comes next, and as many more as are missing. */
async function ordersUnderWay(bench: Bench, count: number): Promise<number[]> {
  const known = (await bench.system
    .db('orders')
    .whereIn('status', ['PENDING_PAYMENT', 'PREPARING'])
    .orderBy('id', 'desc')
    .limit(count)
    .pluck('id')) as number[];
  const missing = { inFlight: bench.plan.inFlight, isOver: times(count - known.length) };
  const { results } = await untilDrained(bench, missing, () => reserve(bench));
  return [...known, ...results];
}
