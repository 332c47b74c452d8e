import { refuseRows } from '../../support/triggers';
import type { PayCommand } from '../customers';
import { Operators } from '../operators';
import { drawPairwise } from '../random';
import type { Row } from '../row';
import type { Stage } from '../stage';
import { sideBySide } from './side-by-side';

interface Place {
  /** The write that is refused. */
  readonly what: string;
  readonly when: string;
  /** What is asked of the order, so that it comes there. */
  readonly asks: 'nothing' | 'cancel' | 'refund' | PayCommand;
}

const STORES: PayCommand = { warehouseStorage: true };
/** The warehouse refuses, and all that was done is undone. */
const IS_REFUSED: PayCommand = { warehouseStorage: true, recipientName: 'fault:store_refused' };

const step = (name: string, what: 'insert' | 'update', state: string, asks: Place['asks']): Place => ({
  what: `${what} on saga_steps`,
  when: `new.step = '${name}' and new.state = '${state}'`,
  asks,
});
const onOrder = (status: string, asks: Place['asks']): Place => ({
  what: 'update on orders',
  when: `new.status = '${status}'`,
  asks,
});
const onRequest = (when: string, asks: Place['asks']): Place => ({ what: 'update on processing_requests', when, asks });
const onStock = (kind: string, asks: Place['asks']): Place => ({
  what: 'insert on stock_movements',
  when: `new.kind = '${kind}'`,
  asks,
});

/** Every own step and its undo, and what our own database is told of a provider's. */
const PLACES = {
  'stock do': onStock('hold', 'nothing'),
  'stock undo': onStock('release', 'cancel'),
  'coupon do': step('coupon', 'insert', 'DONE', STORES),
  'coupon undo': step('coupon', 'update', 'UNDONE', IS_REFUSED),
  'attempt begin': onRequest(`new.state = 'RUNNING'`, STORES),
  'attempt settle': onRequest(`new.state = 'DONE'`, STORES),
  'attempt close': onRequest('new.failure is not null', IS_REFUSED),
  'order cancel': onOrder('CANCELLED', 'cancel'),
  'refund begin': onOrder('REFUND_REQUESTED', 'refund'),
  'refund complete': onOrder('REFUNDED', 'refund'),
  'payment do intent': step('payment', 'insert', 'UNKNOWN', STORES),
  'payment do outcome': step('payment', 'update', 'DONE', STORES),
  'payment undo intent': step('payment', 'update', 'UNDOING', IS_REFUSED),
  'payment undo outcome': step('payment', 'update', 'UNDONE', IS_REFUSED),
  'shipment do outcome': step('shipment', 'update', 'DONE', STORES),
  'shipment undo outcome': step('shipment', 'update', 'UNDONE', IS_REFUSED),
  'warehouse undo outcome': step('warehouse', 'update', 'UNDONE', IS_REFUSED),
} as const;

const DIMENSIONS = {
  place: Object.keys(PLACES) as (keyof typeof PLACES)[],
  sqlState: ['22003', '22021', '23502', '23514', '54000'],
} as const;
type Case = { readonly [Name in keyof typeof DIMENSIONS]: (typeof DIMENSIONS)[Name][number] };

export const permanentErrors: Row = {
  name: 'permanent-errors',
  title: 'a write that the database refuses for good, at each own step and undo',
  times: 30,
  small: 4,
  invariants: ['I1', 'I11'],
  async run(stage, times) {
    await sideBySide(stage, drawPairwise(stage.random, DIMENSIONS, times), 6, (one) => isRefused(stage, one));
  },
};

async function isRefused(stage: Stage, { place, sqlState }: Case): Promise<void> {
  const { customers, shop, watch } = stage;
  const { what, when, asks } = PLACES[place] as Place;
  const operators = new Operators(stage);
  const sku = await shop.product(100);
  const refuse = (whose: string) => refuseRows(shop.db, what, `${whose} and ${when}`, sqlState);
  // An order is on its way before its number is known.
  const early = asks === 'nothing' ? await refuse(`new.sku = '${sku}'`) : undefined;
  const orderId = await customers.place(await customers.coupon(), sku);
  if (!early) await watch.untilRests(orderId);
  if (asks === 'refund') await customers.pay(orderId, STORES);
  const mend = early ?? (await refuse(`${what.endsWith('orders') ? 'new.id' : 'new.order_id'} = ${orderId}`));
  try {
    if (asks === 'cancel' || asks === 'refund') await customers.askToEnd(orderId, asks);
    else if (asks !== 'nothing') await customers.askToPay(orderId, asks);
    const listed = await operators.untilListed(orderId);
    if (!listed) return;
    if (listed.cause !== `SQLSTATE_${sqlState}`) stage.problems.push(`${place}: order ${orderId}: ${listed.cause}`);
    stage.injected({ fault: `${place}: ${listed.cause}`, what: `order ${orderId}, ${listed.kind} at ${listed.step}` });
  } finally {
    await mend();
  }
  await operators.retryUntilRests(orderId);
}
