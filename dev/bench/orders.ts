import type { CpuUse, CpuWatch } from './cpu';
import { keepInFlight, type Spread, spread, Window } from './figures';
import type { Shop } from './shop';
import type { StatusWatch } from './status-watch';

export interface OrdersRound {
  readonly perSecond: number;
  /** From the POST that creates an order to PREPARING, ms. */
  readonly wholeMs: Spread;
  readonly cpu: CpuUse;
}

/** Orders created, paid as soon as they are payable, and carried to PREPARING; so many in flight. */
export async function measureOrders(
  shop: Shop,
  watch: StatusWatch,
  plan: { readonly inFlight: number; readonly warmUpS: number; readonly seconds: number },
  watchCpu: () => CpuWatch,
): Promise<OrdersRound> {
  const window = new Window(plan.warmUpS, plan.seconds);
  const cpu = window.during(watchCpu, (reading) => reading.use());
  const times: number[] = [];
  await keepInFlight(plan.inFlight, window.isOver, async () => {
    const startedAt = performance.now();
    const orderId = await shop.order();
    await watch.reaches(orderId, 'PENDING_PAYMENT');
    await shop.pay(orderId);
    await watch.reaches(orderId, 'PREPARING');
    if (window.count()) times.push(performance.now() - startedAt);
  });
  return { perSecond: window.perSecond, wholeMs: spread(times), cpu: await cpu };
}

export interface SingleOrders {
  /** From the 201 to PENDING_PAYMENT, ms. */
  readonly reservedMs: Spread;
  /** From the 202 to PREPARING, ms. */
  readonly preparingMs: Spread;
  readonly orderIds: readonly number[];
}

/** Orders one at a time, followed by their live stream: what a customer who looks sees. */
export async function measureSingleOrders(shop: Shop, count: number, warmUp = 5): Promise<SingleOrders> {
  const reserved: number[] = [];
  const preparing: number[] = [];
  const orderIds: number[] = [];
  for (let index = -warmUp; index < count; index++) {
    const orderId = await shop.order();
    const createdAt = performance.now();
    const seen = new Map<string, number>();
    let wake: () => void = () => undefined;
    const close = await shop.follow(orderId, (status) => {
      seen.set(status, performance.now());
      wake();
    });
    const reaches = async (status: string) => {
      while (!seen.has(status))
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      return seen.get(status) as number;
    };
    const payableAt = await reaches('PENDING_PAYMENT');
    await shop.pay(orderId);
    const acceptedAt = performance.now();
    const preparingAt = await reaches('PREPARING');
    close();
    if (index < 0) continue;
    reserved.push(payableAt - createdAt);
    preparing.push(preparingAt - acceptedAt);
    orderIds.push(orderId);
  }
  return { reservedMs: spread(reserved), preparingMs: spread(preparing), orderIds };
}
