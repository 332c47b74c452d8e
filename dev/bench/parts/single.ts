import type { Bench, Part } from '../bench';
import { type Spread, spread } from '../figures';
import { measureOneNoop } from '../floor';
import { GOALS } from '../goals';
import { warmRoles } from '../open-bench';
import { relayed } from '../orders';
import { relayLag } from '../relay-lag';
import { spreadRow } from '../row';

const WARM_UP = 5;
const STATUS_WITHIN_MS = 30_000;

interface OneOrder {
  /** From the 201 to PENDING_PAYMENT. */
  readonly reservedMs: number;
  /** From the 202 to PREPARING. */
  readonly preparingMs: number;
}

/** An order, then a no-op workflow, and so on; nothing else happens meanwhile. */
export const single: Part = {
  name: 'single',
  what: 'orders and no-op workflows, one at a time',
  async measure(bench) {
    await warmRoles(bench);
    const floor = await bench.system.floor();
    const orders: OneOrder[] = [];
    const noops: number[] = [];
    let from = new Date();
    for (let index = -WARM_UP; index < bench.plan.singleOrders; index++) {
      if (index === 0) from = new Date();
      const order = await oneOrder(bench);
      const noopMs = await measureOneNoop(floor);
      if (index < 0) continue;
      orders.push(order);
      noops.push(noopMs);
    }
    await relayed(bench);
    const figures = {
      reservedMs: spread(orders.map(({ reservedMs }) => reservedMs)),
      preparingMs: spread(orders.map(({ preparingMs }) => preparingMs)),
      noopMs: spread(noops),
      relayLagMs: await relayLag(bench.system.db, from, new Date()),
    };
    return { figures, rows: rowsOf(figures) };
  },
};

function rowsOf(figures: Readonly<Record<'reservedMs' | 'preparingMs' | 'noopMs' | 'relayLagMs', Spread>>) {
  const multiple = figures.preparingMs.p50 / figures.noopMs.p50;
  return [
    spreadRow('202 -> PREPARING, one at a time', figures.preparingMs),
    spreadRow('no-op workflow, one at a time', figures.noopMs),
    {
      name: '202 -> PREPARING / no-op workflow, p50',
      got: multiple.toFixed(1),
      value: multiple,
      goal: GOALS.preparingPerNoop,
    },
    spreadRow('201 -> PENDING_PAYMENT, one at a time', figures.reservedMs),
    spreadRow('relay lag, one order at a time', figures.relayLagMs, GOALS.relayAlone),
  ];
}

/** Followed by its live stream: what a customer who looks sees. */
async function oneOrder({ shop }: Bench): Promise<OneOrder> {
  const orderId = await shop.order();
  const createdAt = performance.now();
  const stream = await shop.follow(orderId);
  try {
    const payableAt = await stream.reaches('PENDING_PAYMENT', STATUS_WITHIN_MS);
    await shop.pay(orderId);
    const acceptedAt = performance.now();
    const preparingAt = await stream.reaches('PREPARING', STATUS_WITHIN_MS);
    return { reservedMs: payableAt - createdAt, preparingMs: preparingAt - acceptedAt };
  } finally {
    stream.close();
  }
}
