import { SandboxOperator } from '../../support/sandbox-operator';
import { until } from '../../support/until';
import type { Passed } from '../fault-point';
import { drawPairwise } from '../random';
import type { Row } from '../row';
import type { Stage } from '../stage';
import { onEachProcess } from './kill-at';

const POINTS = [
  ...['stock do outcome', 'coupon do outcome', 'attempt begin', 'payment open call', 'payment do call'],
  ...['payment do outcome', 'shipment do call', 'shipment do outcome', 'warehouse do call', 'attempt settle'],
  ...['payment undo call', 'shipment undo call', 'coupon undo outcome', 'stock undo outcome'],
];
const PICK_UP = 'the pick-up';
/** So long the order's worker stands still while the cancel comes in. */
const HOLD_MS = 150;

export const cancelled: Row = {
  name: 'cancelled',
  title:
    "a cancel, `compensate` or Temporal's own Cancel, once or twice, at every step, in the middle of the charge and at the pick-up",
  times: 300,
  small: 8,
  customers: 8,
  invariants: ['I1', 'I2', 'I3', 'I4', 'I5', 'I9', 'I10'],
  async run(stage, times) {
    const how = Object.keys(WAYS) as (keyof typeof WAYS)[];
    const dimensions = { how, twice: [false, true], at: [...POINTS, PICK_UP], when: ['before', 'sent', 'after'] };
    const cases = drawPairwise(stage.random, dimensions, times);
    await onEachProcess(stage, 'worker', cases, times < 20 ? 1 : 3, async (process, one) => {
      const asks = () => Array.from({ length: one.twice ? 2 : 1 }, () => WAYS[one.how]);
      const fault = `${one.how}${one.twice ? ', twice,' : ''}`;
      if (one.at === PICK_UP) {
        const orderId = await restingOrder(stage);
        stage.injected({ fault: `${fault} at the pick-up`, what: nameOf(orderId) });
        const scan = new SandboxOperator(stage.shop.system.sandbox).pickUp(orderId).catch(() => undefined);
        await Promise.all([scan, ...asks().map((ask) => ask(stage, orderId))]);
        return;
      }
      const point = `${one.at} ${one.when}`;
      const met = await stage.meets(process, { point, signal: 'HOLD', holdMs: HOLD_MS });
      const orderId = met && (await orderOf(stage, met));
      if (!met || orderId === undefined) {
        stage.problems.push(`${point} was not passed${met ? `: ${met.what}` : ''}`);
        return;
      }
      await Promise.all(asks().map((ask) => ask(stage, orderId)));
      stage.injected({
        fault: `${fault} at ${point}`,
        pid: met.pid,
        what: `${nameOf(orderId)}: ${met.what}`,
        at: met.at,
      });
    });
  },
};

/** Each is sent to an order that may have ended by then: that is refused, and so be it. */
const WAYS = {
  async 'a cancel'({ customers }: Stage, orderId: number): Promise<void> {
    await customers.askToEnd(orderId, 'cancel');
  },
  async compensate({ outside }: Stage, orderId: number): Promise<void> {
    const handle = (await outside.temporal()).workflow.getHandle(`order-${orderId}`);
    await handle.signal('compensate', { reason: 'a test', actor: 'op@example.com' }).catch(unlessOver);
  },
  async "Temporal's Cancel"({ outside }: Stage, orderId: number): Promise<void> {
    await (await outside.temporal()).workflow.getHandle(`order-${orderId}`).cancel().catch(unlessOver);
  },
} as const;

function unlessOver(error: Error): undefined {
  if (error.name !== 'WorkflowNotFoundError') throw error;
  return undefined;
}

/** A paid order that waits for the carrier, and that nothing was done to yet. */
async function restingOrder({ customers, watch, injections }: Stage): Promise<number> {
  const isUntouched = (id: number) => !injections.some(({ what }) => what === nameOf(id));
  const found = await until(
    'a paid order',
    async () =>
      (await watch.look(customers.orderIds)).filter(
        ({ id, status, isBusy }) => status === 'PREPARING' && !isBusy && isUntouched(id),
      ),
    (orders) => orders.length > 0,
  );
  return (found.at(-1) as { id: number }).id;
}

const nameOf = (orderId: number) => `order ${orderId}`;

/** Whose order it was: by the step's key or the order's id; a payment's reference by its record. */
async function orderOf({ outside }: Stage, { what }: Passed): Promise<number | undefined> {
  const named = /(\d+):(?:stock|coupon|payment|shipment|warehouse):\d+/.exec(what) ?? /"orderId":(\d+)/.exec(what);
  if (named) return Number(named[1]);
  const ref = /^\/payment\/payments\/([^/ ]+)/.exec(what)?.[1];
  const [row] = await outside.rows<{ order_id: string }>('select order_id from saga_steps where provider_ref = $1', [
    ref,
  ]);
  return row && Number(row.order_id);
}
