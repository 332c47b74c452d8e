import type { Bench } from './bench';
import { type CpuPerOrder, type CpuUse, cpuPerOrder } from './cpu';
import { keepInFlight, type Spread, sleep, spread } from './figures';

export interface OrdersRound {
  readonly orders: number;
  readonly perSecond: number;
  /** From the POST that creates an order to PREPARING, ms. */
  readonly wholeMs: Spread;
  readonly cpu: CpuUse;
  readonly cpuPerOrder: CpuPerOrder | undefined;
}

/** An order is created and its stock reserved. */
export async function reserve({ shop, watch }: Bench): Promise<number> {
  const orderId = await shop.order();
  await watch.reaches(orderId, 'PENDING_PAYMENT');
  return orderId;
}

/** An order is paid and carried to PREPARING. */
export async function carryOn({ shop, watch }: Bench, orderId: number): Promise<void> {
  await shop.pay(orderId);
  await watch.reaches(orderId, 'PREPARING');
}

async function wholeOrder(bench: Bench): Promise<number> {
  const startedAt = performance.now();
  await carryOn(bench, await reserve(bench));
  return performance.now() - startedAt;
}

/**
 * Whole orders, paid as soon as they are payable, so many in flight. All that are begun in these seconds are waited for and
 * count, as does all that they took: a window would cut the waves in which they come.
 */
export async function measureOrders(
  bench: Bench,
  { inFlight, seconds }: { readonly inFlight: number; readonly seconds: number },
): Promise<OrdersRound> {
  const endAt = performance.now() + seconds * 1000;
  const isOver = () => performance.now() > endAt;
  const { results, ...rest } = await untilDrained(bench, { inFlight, isOver }, () => wholeOrder(bench));
  return { orders: results.length, wholeMs: spread(results), ...rest };
}

/** Whole orders that begin at a steady rate, as customers do who know nothing of each other. */
export async function measurePacedOrders(
  bench: Bench,
  { perSecond, warmUpS, seconds }: { readonly perSecond: number; readonly warmUpS: number; readonly seconds: number },
): Promise<{ readonly from: Date; readonly to: Date; readonly wholeMs: Spread }> {
  const begunAt = performance.now();
  const due = (index: number) => begunAt + (index / perSecond) * 1000;
  const orders: Promise<number>[] = [];
  const from = new Date(Date.now() + warmUpS * 1000);
  const failure = new Promise<never>((_, reject) => {
    void (async () => {
      for (let index = 0; index < (warmUpS + seconds) * perSecond; index++) {
        await sleep(due(index) - performance.now());
        const order = wholeOrder(bench);
        order.catch(reject);
        orders.push(order);
      }
    })();
  });
  await Promise.race([sleep((warmUpS + seconds) * 1000), failure]);
  const to = new Date();
  const times = await Promise.all(orders);
  return { from, to, wholeMs: spread(times.slice(Math.round(warmUpS * perSecond))) };
}

export interface Drained<Result> {
  readonly results: readonly Result[];
  readonly perSecond: number;
  readonly cpu: CpuUse;
  readonly cpuPerOrder: CpuPerOrder | undefined;
}

/** Works until it is over, and waits for what has begun: each order counts, and all of it. */
export async function untilDrained<Result>(
  bench: Bench,
  { inFlight, isOver }: { readonly inFlight: number; readonly isOver: () => boolean },
  work: () => Promise<Result>,
): Promise<Drained<Result>> {
  const results: Result[] = [];
  const begunAt = performance.now();
  const watch = bench.watchCpu();
  await keepInFlight(inFlight, isOver, async () => {
    results.push(await work());
  });
  // Its last events are part of an order.
  await relayed(bench);
  const cpu = watch.use();
  const perSecond = results.length / ((performance.now() - begunAt) / 1000);
  return { results, perSecond, cpu, cpuPerOrder: cpuPerOrder(cpu, perSecond) };
}

/** Whether so many have been begun. */
export function times(count: number): () => boolean {
  let begun = 0;
  return () => ++begun > count;
}

const LOOK_EVERY_MS = 20;
const RELAYED_WITHIN_MS = 30_000;

/** Resolves when no event waits for the relay. */
export async function relayed({ system }: Bench): Promise<void> {
  const deadline = Date.now() + RELAYED_WITHIN_MS;
  while (
    await system.db('outbox').whereNull('published_at').where('available_at', '<=', system.db.fn.now()).first('id')
  ) {
    if (Date.now() > deadline) throw new Error('the relay leaves events unpublished');
    await sleep(LOOK_EVERY_MS);
  }
}
