import { randomUUID } from 'node:crypto';
import type { DataOf } from '../../client/endpoints';
import type { LedgerEntry } from '../../contracts/provider-api';
import type { OrderStatus } from '../../domain/order-status';
import { poll } from '../poll';
import { differences } from './differences';
import { DemoOrder } from './order';
import type { RushOutcome } from './rush-outcome';
import type { Scenario } from './scenario';
import type { Shop } from './shop';

const SETTLED_WITHIN_MS = 10_000;

/** How a scenario ended. */
export interface Outcome {
  readonly scenario: Scenario;
  readonly orderId: number;
  readonly status: OrderStatus;
  readonly ledger: readonly LedgerEntry[];
  /** What is not as wanted; empty: nothing. */
  readonly problems: readonly string[];
}

/** Places the orders one after the other, so that their ids follow the table, and plays them side by side. */
export async function playScenarios(
  scenarios: readonly Scenario[],
  shop: Shop,
  { code, winners: [winner] }: RushOutcome,
): Promise<Outcome[]> {
  const customer = await shop.customer('demo@example.com');
  const skuOf = ({ product }: Scenario) => `${product.name.toLowerCase().replaceAll(' ', '-')}-${shop.run}`;
  const orders: [Scenario, DemoOrder, sku: string][] = [];
  for (const scenario of scenarios) {
    const { product, quantity, title } = scenario;
    const sku = skuOf(scenario);
    await shop.operator.call('PUT /api/ops/products/{sku}', { params: { sku }, body: product });
    const buyer = scenario.hasCoupon ? winner?.customer : undefined;
    const api = buyer?.api ?? customer;
    const body = { lines: [{ sku, quantity }], ...(buyer ? { couponCode: code } : {}) };
    const { data } = await api.call('POST /api/orders', { body, idempotencyKey: randomUUID() });
    const order = new DemoOrder(data, api, shop.sandbox);
    order.say(`${title}: ${quantity} × ${product.name} ordered${buyer ? ` by ${buyer.email} with ${code}` : ''}`);
    orders.push([scenario, order, sku]);
  }
  return Promise.all(orders.map((each) => play(shop, ...each)));
}

async function play(shop: Shop, scenario: Scenario, order: DemoOrder, sku: string): Promise<Outcome> {
  const { wanted, product } = scenario;
  const problems: string[] = [];
  try {
    await scenario.play(order, shop.surroundings);
    await order.reaches(wanted.status);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  } finally {
    order.close();
  }
  const { status, saga } = await settledStatus(order, wanted.status);
  const ledger = await shop.sandbox.ledger(order.id);
  const { data: products } = await order.api.call('GET /api/products');
  const total = wanted.total ?? product.price * scenario.quantity;
  problems.push(
    ...differences(
      ['a total of', total, order.view.totalAmount],
      ['status', wanted.status, status],
      ['a saga at rest:', true, AT_REST.includes(saga.state)],
      [
        'ledger',
        wanted.ledger.map((type) => `${type} ${total}`),
        ledger.map(({ type, amount }) => `${type} ${amount}`),
      ],
      ['free stock', product.stock - wanted.sold, products.find((each) => each.sku === sku)?.stock],
    ),
  );
  return { scenario, orderId: order.id, status, ledger, problems };
}

const AT_REST: readonly string[] = ['SETTLED', 'WAITING'];

/** The status by the order's workflow; the database may have a move a moment earlier. */
async function settledStatus(
  { id: orderId, api }: DemoOrder,
  wanted: OrderStatus,
): Promise<DataOf<'GET /api/orders/{orderId}/status'>> {
  const ask = () => api.call('GET /api/orders/{orderId}/status', { params: { orderId } });
  const isSettled = ({ data }: Awaited<ReturnType<typeof ask>>) =>
    data.status === wanted && AT_REST.includes(data.saga.state);
  return (await poll(ask, isSettled, SETTLED_WITHIN_MS)).data;
}
