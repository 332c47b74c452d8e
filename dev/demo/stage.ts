import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerEntry } from '../../contracts/provider-api';
import type { OrderStatus } from '../../domain/order-status';
import type { Narrator } from './narrator';
import { PlayedOrder } from './played-order';
import type { RushOutcome } from './rush-outcome';
import type { SandboxClient } from './sandbox-client';
import type { Scenario, Surroundings } from './scenarios';
import type { ShopClient } from './shop-client';

const SETTLE_PATIENCE_MS = 10_000;
const POLL_MS = 50;

/** How a scenario ended, beside what was wanted of it. */
export interface Outcome {
  readonly scenario: Scenario;
  readonly orderId: number;
  readonly status: OrderStatus;
  readonly ledger: readonly LedgerEntry[];
  /** Each with what was expected and what came; empty: it ended as it should. */
  readonly problems: readonly string[];
}

/** Plays scenarios, each with a product and an order of its own, and looks how they ended. */
export class Stage {
  constructor(
    private readonly shop: ShopClient,
    private readonly sandbox: SandboxClient,
    private readonly surroundings: Surroundings,
    private readonly narrator: Narrator,
    /** Part of every SKU, so that what an earlier run left behind touches no stock of this one. */
    private readonly run: string,
  ) {}

  async stock(scenarios: readonly Scenario[]): Promise<void> {
    await Promise.all(scenarios.map((scenario) => this.shop.putProduct(this.skuOf(scenario), scenario.product)));
  }

  /** Places the orders one after the other, so that their ids follow the table, and plays them side by side. */
  async play(scenarios: readonly Scenario[], rush: RushOutcome): Promise<Outcome[]> {
    const orders: PlayedOrder[] = [];
    for (const scenario of scenarios) {
      const { product, quantity, title } = scenario;
      const winner = scenario.hasCoupon ? rush.winners[0]?.customer : undefined;
      const shop = winner?.shop ?? this.shop;
      const placed = await shop.placeOrder(this.skuOf(scenario), quantity, winner && rush.code);
      const order = new PlayedOrder(scenario, placed, shop, this.sandbox, this.narrator);
      const by = winner ? ` by ${winner.email} with ${rush.code}` : '';
      order.say(`${title}: ${quantity} × ${product.name} ordered${by}`);
      orders.push(order);
    }
    return Promise.all(orders.map((order) => this.playOne(order)));
  }

  private async playOne(order: PlayedOrder): Promise<Outcome> {
    const problems: string[] = [];
    try {
      await order.scenario.play(order, this.surroundings);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    } finally {
      order.close();
    }
    return this.lookAt(order, problems);
  }

  /** The status by the order's workflow, the money by the provider's ledger, the stock by the catalogue. */
  private async lookAt(order: PlayedOrder, problems: string[]): Promise<Outcome> {
    const { scenario } = order;
    const { wanted, product } = scenario;
    const found = await this.statusOnceSettled(order, wanted.status);
    const ledger = await this.sandbox.ledger(order.id);
    const total = wanted.total ?? product.price * scenario.quantity;
    const free = await this.shop.stockOf(this.skuOf(scenario));
    const expect = (what: string, want: string, got: string) => {
      if (want !== got) problems.push(`expected ${what} ${want}, got ${got}`);
    };
    expect('a total of', String(total), String(order.total));
    expect('status', wanted.status, found.status);
    if (!AT_REST.includes(found.saga.state)) problems.push(`expected a saga at rest, got ${found.saga.state}`);
    const moves = (types: readonly string[]) => types.map((type) => `${type} of ${total}`).join(', ') || 'empty';
    expect(
      'ledger',
      moves(wanted.ledger),
      ledger.map((entry) => `${entry.type} of ${entry.amount}`).join(', ') || 'empty',
    );
    expect('free stock', String(product.stock - wanted.sold), String(free));
    return { scenario, orderId: order.id, status: found.status, ledger, problems };
  }

  /** The database may know of a move a moment before the workflow tells it. */
  private async statusOnceSettled({ id, shop }: PlayedOrder, wanted: OrderStatus) {
    const deadline = Date.now() + SETTLE_PATIENCE_MS;
    for (;;) {
      const found = await shop.status(id);
      if (found.status === wanted && AT_REST.includes(found.saga.state)) return found;
      if (Date.now() > deadline) return found;
      await sleep(POLL_MS);
    }
  }

  private skuOf({ product }: Scenario): string {
    return `${product.name.toLowerCase().replaceAll(' ', '-')}-${this.run}`;
  }
}

const AT_REST: readonly string[] = ['SETTLED', 'WAITING'];
