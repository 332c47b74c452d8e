import { EventEmitter, once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { createParser } from 'eventsource-parser';
import { createDevelopmentToken } from '../../cli/development-token';
import type { TimelineView } from '../../contracts/responses/common';

/** A whole request to pay and ship, which the sandbox grants at once. */
export const PAY_BODY = JSON.stringify({
  paymentRequest: { method: 'CARD', token: 'tok_visa' },
  shipment: {
    recipientName: 'Kim Minji',
    phone: '010-0000-0000',
    postalCode: '04524',
    address1: 'Sejong-daero 110, Seoul',
    country: 'KR',
  },
  warehouseStorage: false,
});

export const payPath = (orderId: number): string => `/api/orders/${orderId}/process-payment-shipment`;

const PRODUCTS = 200;
const STOCK = 1_000_000;
/** Below the five seconds after which the api closes an idle connection: one that both close is an error here. */
const IDLE_CONNECTION_MS = 3_000;

/** A customer that costs little: connections kept, nothing but JSON. */
export class Shop {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 100, timeout: IDLE_CONNECTION_MS });

  private constructor(
    private readonly api: string,
    readonly token: string,
    private readonly operatorToken: string,
  ) {}

  static async open(api: string, jwtSecret: string): Promise<Shop> {
    const token = await createDevelopmentToken(jwtSecret, { email: 'kim@example.com' });
    const operator = await createDevelopmentToken(jwtSecret, { email: 'op@example.com', role: 'operator' });
    return new Shop(api, token, operator);
  }

  /** A catalogue large enough that orders seldom meet at one product. */
  async stockUp(): Promise<void> {
    for (let index = 0; index < PRODUCTS; index++) {
      const body = JSON.stringify({ name: 'Mug', price: 1_000, stock: STOCK });
      const { status } = await this.call('PUT', `/api/ops/products/bench-${index}`, body, this.operatorToken);
      if (status !== 200) throw new Error(`product: HTTP ${status}`);
    }
  }

  /** A coupon that nobody has asked for yet. */
  async offer(code: string, total: number): Promise<void> {
    const body = JSON.stringify({ name: 'Opening day', total, discount: { type: 'PERCENT', value: 10 } });
    const { status, text } = await this.call('PUT', `/api/ops/coupons/${code}`, body, this.operatorToken);
    if (status !== 200) throw new Error(`coupon: HTTP ${status} ${text}`);
  }

  async order(): Promise<number> {
    const sku = `bench-${Math.floor(Math.random() * PRODUCTS)}`;
    const { status, text } = await this.call('POST', '/api/orders', JSON.stringify({ lines: [{ sku, quantity: 1 }] }));
    if (status !== 201) throw new Error(`order: HTTP ${status} ${text}`);
    return (JSON.parse(text) as { data: { orderId: number } }).data.orderId;
  }

  async pay(orderId: number): Promise<void> {
    const { status, text } = await this.call('POST', payPath(orderId), PAY_BODY);
    if (status !== 202) throw new Error(`payment request: HTTP ${status} ${text}`);
  }

  /** The order's live stream, once it is open. */
  follow(orderId: number, onEntry: (entry: TimelineView) => void = () => undefined): Promise<OrderStream> {
    return new Promise((resolve, reject) => {
      const url = new URL(`/api/orders/${orderId}/events`, this.api);
      const outgoing = request(url, { headers: { authorization: `Bearer ${this.token}` } }, (response) => {
        if (response.statusCode !== 200) return reject(new Error(`events: HTTP ${response.statusCode}`));
        const stream = new OrderStream(orderId, () => outgoing.destroy());
        const parser = createParser({
          onEvent: ({ id, event, data }) => {
            if (id === undefined) return;
            const entry = JSON.parse(data) as TimelineView;
            onEntry(entry);
            if (event === 'status') stream.onStatus(entry.data.to as string);
          },
        });
        response.setEncoding('utf8').on('data', (text: string) => parser.feed(text));
        response.on('error', () => undefined);
        resolve(stream);
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  close(): void {
    this.agent.destroy();
  }

  private call(method: string, path: string, body?: string, token = this.token) {
    return new Promise<{ status: number; text: string }>((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${token}`,
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
      };
      const onResponse = (response: IncomingMessage) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.once('error', reject);
      };
      request(new URL(path, this.api), { method, headers, agent: this.agent }, onResponse)
        .once('error', reject)
        .end(body);
    });
  }
}

/** The statuses that an order reaches, as its customer sees them. */
class OrderStream {
  private readonly reachedAt = new Map<string, number>();
  private readonly news = new EventEmitter();

  constructor(
    private readonly orderId: number,
    readonly close: () => void,
  ) {}

  onStatus(status: string): void {
    this.reachedAt.set(status, performance.now());
    this.news.emit('status');
  }

  /** When it came there; throws when it takes too long. */
  async reaches(status: string, withinMs: number): Promise<number> {
    const signal = AbortSignal.timeout(withinMs);
    for (;;) {
      const at = this.reachedAt.get(status);
      if (at !== undefined) return at;
      await once(this.news, 'status', { signal }).catch(() => {
        throw new Error(
          `order ${this.orderId} does not reach ${status} in ${withinMs} ms: ${[...this.reachedAt.keys()]}`,
        );
      });
    }
  }
}
