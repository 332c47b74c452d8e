import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { createDevelopmentToken } from '../../cli/development-token';
import { ApiClient } from '../../client/client';
import type { PutCoupon } from '../../contracts/http';
import type { CouponAcceptedView } from '../../contracts/responses/coupons';
import type { OrderStatusView } from '../../contracts/responses/orders';
import { orderWorkflowId } from '../../contracts/workflow-api';
import { type Db, openDatabase } from '../../db/connection';
import type { CouponRequestStatus } from '../../domain/coupon';
import type { OrderStatus } from '../../domain/order-status';
import type { SagaState } from '../../domain/saga-state';
import { checkDocumented } from './documented';
import type { Running, SystemAddresses } from './environment';
import { SandboxOperator } from './sandbox-operator';
import { until } from './until';

export interface ApiResponse<Data = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { success?: boolean; data: Data; message?: string; code?: string; detail?: string; type?: string };
}

/** A timer may be a millisecond early. */
const STATUS_KEPT_MS = 260;

/** A customer, an operator and an auditor in one: everything a test does to the system from outside. */
export class Shop {
  private database: Db | undefined;
  private connection: Promise<Connection> | undefined;

  constructor(private readonly running: Running) {}

  get system(): SystemAddresses {
    return this.running.addresses;
  }

  get db(): Db {
    this.database ??= openDatabase({ url: this.system.postgres, poolMax: 4, applicationName: 'test' });
    return this.database;
  }

  /** The providers' own side: faults, parcels, storages. */
  get providers(): SandboxOperator {
    return new SandboxOperator(this.system.sandbox);
  }

  async close(): Promise<void> {
    await this.database?.destroy();
    await (await this.connection)?.close();
  }

  async temporal(): Promise<Client> {
    this.connection ??= Connection.connect({ address: this.system.temporal });
    return new Client({ connection: await this.connection });
  }

  async token(email = 'kim@example.com', role: 'customer' | 'viewer' | 'operator' = 'customer'): Promise<string> {
    return createDevelopmentToken(this.system.jwtSecret, { email, role });
  }

  async call<Data = Record<string, unknown>>(
    method: string,
    path: string,
    options: { body?: unknown; token?: string; headers?: Record<string, string> } = {},
  ): Promise<ApiResponse<Data>> {
    const { token = await this.token(), ...request } = options;
    const api = new ApiClient({ address: this.system.api, token, language: 'ko' });
    const response = await api.request<ApiResponse<Data>['body']>(`${method} ${path}`, request);
    checkDocumented(method, path, response.status, response.body);
    return response;
  }

  /** Calls as an operator; paths are below /api/ops. */
  async operate<Data = Record<string, unknown>>(
    method: string,
    path: string,
    body?: object,
  ): Promise<ApiResponse<Data>> {
    const token = await this.operatorToken();
    return this.call<Data>(method, `/api/ops${path}`, { token, ...(body ? { body } : {}) });
  }

  operatorToken(): Promise<string> {
    return this.token('op@example.com', 'operator');
  }

  /** A product of this test alone, with so many free units. */
  async product(stock: number, price = 1_000): Promise<string> {
    const sku = `sku-${randomUUID()}`;
    const response = await this.operate('PUT', `/products/${sku}`, { name: 'Mug', price, stock });
    if (response.status !== 200) throw new Error(`product: ${JSON.stringify(response.body)}`);
    return sku;
  }

  /** A coupon of this test alone. */
  async coupon(total: number, command: Partial<PutCoupon> = {}): Promise<string> {
    const code = `coupon-${randomUUID()}`;
    await this.putCoupon(code, { name: 'Opening day', total, discount: { type: 'FIXED', value: 100 }, ...command });
    return code;
  }

  async putCoupon(code: string, body: PutCoupon): Promise<void> {
    const response = await this.operate('PUT', `/coupons/${code}`, body);
    if (response.status !== 200) throw new Error(`coupon: ${JSON.stringify(response.body)}`);
  }

  /** A user asks for a coupon. */
  async askForCoupon(
    code: string,
    email = 'kim@example.com',
    requestId: string = randomUUID(),
  ): Promise<ApiResponse<CouponAcceptedView>> {
    const token = await this.token(email);
    return this.call('POST', `/api/coupons/${code}/requests`, { token, body: { requestId } });
  }

  /** Waits until a request for a coupon is in this state. */
  couponRequestIs(requestId: string, wanted: CouponRequestStatus, withinMs?: number): Promise<unknown> {
    return until(
      `coupon request ${requestId} to be ${wanted}`,
      async () =>
        (await this.db('coupon_requests').where({ request_id: requestId }).first('status', 'reason')) as unknown,
      (row) => (row as { status: string } | undefined)?.status === wanted,
      withinMs,
    );
  }

  /** A coupon that was issued to a user. */
  async issuedCoupon(command: Partial<PutCoupon> = {}, email = 'kim@example.com'): Promise<string> {
    const code = await this.coupon(1, command);
    const { status, body } = await this.askForCoupon(code, email);
    if (status !== 202) throw new Error(`coupon request: ${JSON.stringify(body)}`);
    await this.couponRequestIs(body.data.requestId, 'ISSUED');
    return code;
  }

  async order(sku: string, quantity = 1, couponCode?: string): Promise<number> {
    const response = await this.call<{ orderId: number }>('POST', '/api/orders', {
      body: { lines: [{ sku, quantity }], ...(couponCode ? { couponCode } : {}) },
    });
    if (response.status !== 201) throw new Error(`order: ${JSON.stringify(response.body)}`);
    return response.body.data.orderId;
  }

  /** An order that waits for its payment. */
  async payableOrder(quantity = 1, stock = 100): Promise<{ orderId: number; sku: string }> {
    const sku = await this.product(stock);
    const orderId = await this.order(sku, quantity);
    await this.reaches(orderId, 'PENDING_PAYMENT');
    return { orderId, sku };
  }

  /** An order that is paid, and whose parcel is ordered, unless it is stored. */
  async paidOrder(command: PayRequest = {}): Promise<number> {
    const { orderId } = await this.payableOrder();
    await this.pay(orderId, command);
    if (command.warehouseStorage) await this.reaches(orderId, 'COMPLETED', 'SETTLED');
    else await this.reaches(orderId, 'PREPARING', 'WAITING');
    return orderId;
  }

  pay(orderId: number, request: PayRequest = {}): Promise<ApiResponse> {
    const { headers, ...command } = request;
    return this.call('POST', `/api/orders/${orderId}/process-payment-shipment`, {
      body: payBody(command),
      ...(headers ? { headers } : {}),
    });
  }

  /** The status as of now: what the api has kept of before is 250 ms old by then. */
  async status(orderId: number): Promise<OrderStatusView> {
    await new Promise((resolve) => setTimeout(resolve, STATUS_KEPT_MS));
    return this.keptStatus(orderId);
  }

  private async keptStatus(orderId: number): Promise<OrderStatusView> {
    return (await this.call<OrderStatusView>('GET', `/api/orders/${orderId}/status`)).body.data;
  }

  /** Waits until the record of a step is in this state, in any attempt. */
  async reachesStep(orderId: number, step: string, wanted: string): Promise<void> {
    const ask = () => this.db('saga_steps').where({ order_id: orderId, step }).pluck('state') as Promise<string[]>;
    await until(`step ${step} of order ${orderId} to be ${wanted}`, ask, (states) => states.includes(wanted));
  }

  reaches(orderId: number, wanted: OrderStatus, sagaState?: SagaState, withinMs?: number): Promise<OrderStatusView> {
    const isWanted = ({ status, saga }: OrderStatusView) =>
      status === wanted && (sagaState === undefined || saga.state === sagaState);
    return until(
      `order ${orderId} to be ${wanted} ${sagaState ?? ''}`,
      () => this.keptStatus(orderId),
      isWanted,
      withinMs,
    );
  }

  /** Waits until the workflow itself says so: the database may know it before, or answer for a workflow that is busy. */
  workflowReaches(orderId: number, wanted: OrderStatus, sagaState: SagaState): Promise<OrderStatusView> {
    return until(
      `the workflow of order ${orderId} to be ${wanted} ${sagaState}`,
      () => this.keptStatus(orderId),
      ({ source, status, saga }) => source === 'workflow' && status === wanted && saga.state === sagaState,
    );
  }

  /** Waits until an attempt has ended in the database, and says how. */
  async attemptEnds(orderId: number, eventsSoFar = 0): Promise<{ state: string; reason: string | null }[]> {
    const ask = async () => {
      const rows = this.db('processing_requests').where({ order_id: orderId }).orderBy('created_at');
      return (await rows.select('state', 'reason')) as { state: string; reason: string | null }[];
    };
    return until(
      `an attempt of order ${orderId} to end`,
      ask,
      (rows) => rows.length > eventsSoFar && rows.every(({ state }) => state !== 'PENDING' && state !== 'RUNNING'),
    );
  }

  async stock(sku: string): Promise<{ free: number; held: number; sold: number }> {
    const columns = { free: 'free_units', held: 'held_units', sold: 'sold_units' };
    return (await this.db('products').where({ sku }).first(columns)) as { free: number; held: number; sold: number };
  }

  /** Every status the order has passed, oldest first. */
  async statuses(orderId: number): Promise<string[]> {
    const moves = this.db('timeline').where({ order_id: orderId, type: 'status' }).orderBy('id').pluck('data');
    return ((await moves) as { to: string }[]).map(({ to }) => to);
  }

  async signal(orderId: number, name: string, input: unknown): Promise<void> {
    await (await this.temporal()).workflow.getHandle(orderWorkflowId(orderId)).signal(name, input);
  }
}

export interface PayRequest {
  readonly token?: string;
  readonly recipientName?: string;
  readonly warehouseStorage?: boolean;
  readonly headers?: Record<string, string>;
}

/** A whole request to pay and ship, with the command's magic values in it. */
export function payBody(command: Omit<PayRequest, 'headers'> = {}) {
  return {
    paymentRequest: { method: 'CARD', token: command.token ?? 'tok_visa' },
    shipment: {
      recipientName: command.recipientName ?? 'Kim Minji',
      phone: '010-0000-0000',
      postalCode: '04524',
      address1: 'Sejong-daero 110, Seoul',
      country: 'KR',
    },
    warehouseStorage: command.warehouseStorage ?? false,
  };
}
