import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ApiClient, type ApiResponse } from '../../client/client';
import type { Shop } from '../support/shop';
import { payBody } from '../support/shop';
import { until } from '../support/until';
import type { OrderWatch } from './order-watch';
import type { Random } from './random';

const RETRY_GAP_MS = 250;
const RESPONSE_WITHIN_MS = 6_000;

export type PayCommand = Parameters<typeof payBody>[0];

/**
 * Customers who order all along, whatever breaks meanwhile: each does what a real client does, which after no response sends
 * the same request again under the same Idempotency-Key, and goes on once it knows how things are.
 */
export class Customers {
  /** Every order that a customer was promised. */
  readonly orderIds: number[] = [];
  /** What no customer should see. */
  readonly complaints: string[] = [];
  private isOpen = true;
  private readonly visits: Promise<void>[] = [];
  private token = '';
  private sku = '';

  constructor(
    private readonly shop: Shop,
    private readonly watch: OrderWatch,
    private readonly random: Random,
    /** No response, or "try again": after so long a customer has the right to complain. */
    private readonly patienceMs: number,
    /** Where the api is reached; more than one where several run. */
    private readonly addresses: () => readonly string[] = () => [shop.system.api],
  ) {}

  async open(count: number, gapMs = 300): Promise<void> {
    this.token = await this.shop.token();
    this.sku = await this.shop.product(100_000);
    for (let index = 0; index < count; index++) this.visits.push(this.keepVisiting(gapMs));
  }

  /** No new visits; those under way come to their end. */
  async close(): Promise<void> {
    this.isOpen = false;
    await Promise.all(this.visits);
  }

  /** Waits for so many more orders: the shop is open for business. */
  async more(count: number): Promise<void> {
    const before = this.orderIds.length;
    await until(
      `${count} more orders`,
      async () => this.orderIds.length - before,
      (more) => more >= count || this.complaints.length > 0,
      this.patienceMs,
    );
  }

  /** One visit of a kind. */
  async visit(kind: VisitKind): Promise<number> {
    return VISITS[kind](this);
  }

  private async keepVisiting(gapMs: number): Promise<void> {
    while (this.isOpen) {
      const kind = this.random.oneOf(MIX);
      try {
        await this.visit(kind);
      } catch (error) {
        this.complaints.push(`${kind}: ${(error as Error).message}`);
      }
      await pause(gapMs);
    }
  }

  /** Places an order, and waits until it can be paid. */
  async order(couponCode?: string): Promise<number> {
    const orderId = await this.place(couponCode);
    await this.watch.untilRests(orderId);
    return orderId;
  }

  /** Places an order: it is accepted. */
  async place(couponCode?: string, sku = this.sku): Promise<number> {
    const body = { lines: [{ sku, quantity: 1 }], ...(couponCode && { couponCode }) };
    const { data } = await this.insist<{ orderId: number }>('POST', '/api/orders', body, [201]);
    this.orderIds.push(data.orderId);
    return data.orderId;
  }

  /** Asks to pay and ship, and waits until that has come to an end. */
  async pay(orderId: number, command: PayCommand = {}): Promise<string> {
    await this.askToPay(orderId, command);
    return (await this.watch.untilRests(orderId)).status;
  }

  /** Asks to pay and ship: the request is accepted, or refused because the order is no longer to be paid. */
  async askToPay(orderId: number, command: PayCommand = {}): Promise<void> {
    const path = `/api/orders/${orderId}/process-payment-shipment`;
    await this.insist('POST', path, payBody(command), [202], [409]);
  }

  cancel(orderId: number): Promise<void> {
    return this.end(orderId, 'cancel', ['CANCELLED', 'SHIPMENT_STARTED', 'IN_TRANSIT']);
  }

  refund(orderId: number): Promise<void> {
    return this.end(orderId, 'refund', ['REFUNDED']);
  }

  private async end(orderId: number, how: 'cancel' | 'refund', ends: readonly string[]): Promise<void> {
    const isTaken = await this.askToEnd(orderId, how);
    await this.watch.untilRests(orderId, ({ status }) => !isTaken || ends.includes(status));
  }

  /** False: it is refused. */
  async askToEnd(orderId: number, how: 'cancel' | 'refund'): Promise<boolean> {
    const response = await this.insist('POST', `/api/orders/${orderId}/${how}`, { reason: 'no more' }, [202], [409]);
    return response.status === 202;
  }

  /** A coupon of one's own, issued. */
  async coupon(): Promise<string> {
    const code = `coupon-${randomUUID()}`;
    const discount = { type: 'FIXED', value: 100 };
    const operator = await this.shop.operatorToken();
    await this.insist(
      'PUT',
      `/api/ops/coupons/${code}`,
      { name: 'Opening day', total: 1, discount },
      [200],
      [],
      operator,
    );
    const requestId = randomUUID();
    await this.insist('POST', `/api/coupons/${code}/requests`, { requestId }, [202]);
    await this.watch.untilIssued(requestId);
    return code;
  }

  /** The same request under the same key until there is a response that decides it. */
  private async insist<Data>(
    method: string,
    path: string,
    body: object,
    accepted: readonly number[],
    refused: readonly number[] = [],
    token = this.token,
  ): Promise<{ status: number; data: Data }> {
    const key = randomUUID();
    const deadline = Date.now() + this.patienceMs;
    let last = 'no response';
    while (Date.now() < deadline) {
      // As behind a load balancer that has not noticed yet who is gone.
      const address = this.random.oneOf(this.addresses());
      const api = new ApiClient({ address, token, language: 'ko', timeoutMs: RESPONSE_WITHIN_MS });
      const response = await api
        .request<{ data: Data; code?: string }>(`${method} ${path}`, { body, headers: { 'idempotency-key': key } })
        .catch((error: Error) => {
          last = error.message;
          return undefined;
        });
      if (response && isDecided(response)) {
        const { status, body: result } = response;
        if (accepted.includes(status) || refused.includes(status)) return { status, data: result.data };
        throw new Error(`${method} ${path}: ${status} ${JSON.stringify(result)}`);
      }
      if (response) last = `${response.status} ${response.body.code}`;
      await pause(RETRY_GAP_MS);
    }
    throw new Error(`${method} ${path}: not accepted within ${this.patienceMs} ms; last: ${last}`);
  }
}

const isDecided = ({ status, body }: ApiResponse<{ code?: string }>) =>
  status < 500 && status !== 429 && body.code !== 'IDEMPOTENCY_IN_FLIGHT';

/** What customers come for; each returns its order. */
const VISITS = {
  async pays(customers: Customers) {
    const orderId = await customers.order();
    await customers.pay(orderId);
    return orderId;
  },
  async paysWithASecondCard(customers: Customers) {
    const orderId = await customers.order();
    if ((await customers.pay(orderId, { token: 'tok_declined' })) === 'PENDING_PAYMENT') await customers.pay(orderId);
    return orderId;
  },
  async paysWithACoupon(customers: Customers) {
    const orderId = await customers.order(await customers.coupon());
    await customers.pay(orderId);
    return orderId;
  },
  async stores(customers: Customers) {
    const orderId = await customers.order();
    await customers.pay(orderId, { warehouseStorage: true });
    return orderId;
  },
  async storesWithACoupon(customers: Customers) {
    const orderId = await customers.order(await customers.coupon());
    await customers.pay(orderId, { warehouseStorage: true });
    return orderId;
  },
  /** The warehouse refuses: all that was done before is undone. */
  async isRefusedByTheWarehouse(customers: Customers) {
    const orderId = await customers.order(await customers.coupon());
    await customers.pay(orderId, { warehouseStorage: true, recipientName: 'fault:store_refused' });
    return orderId;
  },
  async isRefusedByTheCarrier(customers: Customers) {
    const orderId = await customers.order(await customers.coupon());
    const status = await customers.pay(orderId, { recipientName: 'fault:ship_refused' });
    if (status === 'PENDING_PAYMENT') await customers.pay(orderId);
    return orderId;
  },
  async cancelsBeforePaying(customers: Customers) {
    const orderId = await customers.order();
    await customers.cancel(orderId);
    return orderId;
  },
  async cancelsAfterPaying(customers: Customers) {
    const orderId = await customers.order(await customers.coupon());
    await customers.pay(orderId);
    await customers.cancel(orderId);
    return orderId;
  },
  async isRefunded(customers: Customers) {
    const orderId = await customers.order();
    if ((await customers.pay(orderId, { warehouseStorage: true })) === 'COMPLETED') await customers.refund(orderId);
    return orderId;
  },
} as const;
export type VisitKind = keyof typeof VISITS;

/** Most customers just pay. */
const MIX: readonly VisitKind[] = [
  ...(['pays', 'pays', 'pays', 'paysWithACoupon', 'paysWithASecondCard', 'stores'] as const),
  ...(['isRefusedByTheWarehouse', 'isRefusedByTheCarrier'] as const),
  ...(['cancelsBeforePaying', 'cancelsAfterPaying', 'isRefunded'] as const),
];
