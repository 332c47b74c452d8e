import type { TimelineView } from '../../../contracts/responses/common';
import type { Bench, Part } from '../bench';
import { sleep, spread } from '../figures';
import { GOALS } from '../goals';
import { warmRoles } from '../open-bench';
import { carryOn, measureOrders, reserve, times, untilDrained } from '../orders';
import { ms } from '../row';

/** Of the most that the system can do. */
const SHARE = 0.7;

/**
 * Customers who each follow an order of their own on one api, while orders among them are paid at a steady rate: how long after its
 * insertion, which is before its commit, an entry is with its reader.
 */
export const live: Part = {
  name: 'live',
  what: 'customers who follow their orders',
  async measure(bench) {
    const { shop, plan } = bench;
    await warmRoles(bench);
    bench.maxPerSecond ??= (await measureOrders(bench, { inFlight: plan.inFlight, seconds: plan.ordersS })).perSecond;
    const perSecond = SHARE * bench.maxPerSecond;
    const orders = await payableOrders(bench, plan.streams);
    const received = new Received();
    const streams = await Promise.all(orders.map((orderId) => shop.follow(orderId, received.take)));
    const cpu = bench.watchCpu();
    await received.rest();
    await payAtRate(bench, orders.slice(0, Math.ceil(perSecond * plan.pacedS)), perSecond);
    const used = cpu.use();
    for (const stream of streams) stream.close();
    const delay = spread(received.delaysMs);
    return {
      figures: { streams: streams.length, perSecond, delay, cpu: used },
      rows: [
        {
          name: `live: an entry at one of ${streams.length} readers, ${perSecond.toFixed(1)} orders/s (${delay.count} entries)`,
          got: ms(delay),
          value: delay.p99,
          goal: GOALS.liveP99,
        },
      ],
    };
  },
};

async function payableOrders(bench: Bench, count: number): Promise<readonly number[]> {
  const { results } = await untilDrained(bench, { inFlight: bench.plan.inFlight, isOver: times(count) }, () =>
    reserve(bench),
  );
  return results;
}

async function payAtRate(bench: Bench, orders: readonly number[], perSecond: number): Promise<void> {
  const begunAt = performance.now();
  await Promise.all(
    orders.map(async (orderId, index) => {
      await sleep(begunAt + (index / perSecond) * 1000 - performance.now());
      await carryOn(bench, orderId);
    }),
  );
}

const QUIET_MS = 1_000;

/** What readers have received: first what was there before they came, then, after a rest, what is new. */
class Received {
  delaysMs: number[] = [];
  private lastAt = performance.now();

  /** The database's clock is this machine's. */
  readonly take = ({ at }: TimelineView): void => {
    this.lastAt = performance.now();
    this.delaysMs.push(Date.now() - Date.parse(at));
  };

  /** Forgets what came so far, once nothing more does. */
  async rest(): Promise<void> {
    while (performance.now() - this.lastAt < QUIET_MS) await sleep(QUIET_MS / 10);
    this.delaysMs = [];
  }
}
