import { randomUUID } from 'node:crypto';
import type { PayAndShipmentRequest } from '../../contracts/events';
import type { PutCoupon, PutProduct } from '../../contracts/http';
import type { TimelineView } from '../../contracts/responses/common';
import type { CouponAcceptedView, CouponRequestView, CouponView } from '../../contracts/responses/coupons';
import type { OrderStatusView, OrderView, ProductView } from '../../contracts/responses/orders';

/** An answer of the API that is no success. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    call: string,
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(`${call}: ${status} ${code} ${detail}`);
  }
}

/** The shop's REST API as one customer and one operator use it; every call throws ApiError where it is refused. */
export class ShopClient {
  constructor(
    readonly url: string,
    private readonly tokens: { readonly customer: string; readonly operator: string },
  ) {}

  /** The same shop, as another customer sees it. */
  withCustomer(token: string): ShopClient {
    return new ShopClient(this.url, { ...this.tokens, customer: token });
  }

  async putProduct(sku: string, product: PutProduct): Promise<void> {
    await this.call('PUT', `/api/ops/products/${sku}`, product, this.tokens.operator);
  }

  /** Free units of a product. */
  async stockOf(sku: string): Promise<number | undefined> {
    const products = await this.call<ProductView[]>('GET', '/api/products');
    return products.find((product) => product.sku === sku)?.stock;
  }

  placeOrder(sku: string, quantity: number, couponCode?: string): Promise<OrderView> {
    return this.call('POST', '/api/orders', { lines: [{ sku, quantity }], ...(couponCode ? { couponCode } : {}) });
  }

  async putCoupon(code: string, coupon: PutCoupon): Promise<void> {
    await this.call('PUT', `/api/ops/coupons/${code}`, coupon, this.tokens.operator);
  }

  /** A coupon as the operator sees it. */
  coupon(code: string): Promise<CouponView> {
    return this.call('GET', `/api/ops/coupons/${code}`, undefined, this.tokens.operator);
  }

  askForCoupon(code: string, requestId: string): Promise<CouponAcceptedView> {
    return this.call('POST', `/api/coupons/${code}/requests`, { requestId });
  }

  couponRequest(requestId: string): Promise<CouponRequestView> {
    return this.call('GET', `/api/coupons/requests/${requestId}`);
  }

  async pay(orderId: number, request: PayAndShipmentRequest): Promise<void> {
    await this.call('POST', `/api/orders/${orderId}/process-payment-shipment`, request);
  }

  async cancel(orderId: number, reason: string): Promise<void> {
    await this.call('POST', `/api/orders/${orderId}/cancel`, { reason });
  }

  async refund(orderId: number, reason: string): Promise<void> {
    await this.call('POST', `/api/orders/${orderId}/refund`, { reason });
  }

  status(orderId: number): Promise<OrderStatusView> {
    return this.call('GET', `/api/orders/${orderId}/status`);
  }

  /** The order's timeline as it grows, from its beginning, in the portions in which it arrives. */
  async *timeline(orderId: number, signal: AbortSignal): AsyncGenerator<TimelineView[]> {
    const path = `/api/orders/${orderId}/events`;
    const headers = { authorization: `Bearer ${this.tokens.customer}` };
    const response = await fetch(new URL(path, this.url), { headers, signal });
    if (!response.ok || !response.body) throw await refusal(`GET ${path}`, response);
    let rest = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const frames = (rest + chunk).split('\n\n');
      rest = frames.pop() ?? '';
      const entries = frames.flatMap((frame) => /^data: (.*)$/m.exec(frame)?.[1] ?? []);
      if (entries.length > 0) yield entries.map((data) => JSON.parse(data) as TimelineView);
    }
  }

  private async call<Data>(method: string, path: string, body?: unknown, token = this.tokens.customer): Promise<Data> {
    const response = await fetch(new URL(path, this.url), {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'accept-language': 'en',
        'content-type': 'application/json',
        // A request for a coupon is known by its requestId already.
        ...(method === 'POST' && !path.startsWith('/api/coupons/') ? { 'idempotency-key': randomUUID() } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw await refusal(`${method} ${path}`, response);
    return ((await response.json()) as { data: Data }).data;
  }
}

async function refusal(call: string, response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
  return new ApiError(call, response.status, problem.code ?? '', problem.detail ?? '');
}
