import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { cacheFolder } from '../../config/load';
import { type Settings as AllSettings, settingsSchema } from '../../config/settings';
import type { OrderProcessingEvent } from '../../contracts/events';
import { SIGNALS } from '../../contracts/workflow/messages';
import { type Db, openDatabase } from '../../db/connection';
import type { OrderCoupon } from '../../db/orders';
import { putProduct } from '../../db/products';
import { insertRequest } from '../../db/requests';
import { migrateSchema } from '../../db/schema';
import { Metrics } from '../../observability/metrics';
import { workflowBundle } from '../../processes/worker/bundle';
import { composeActivities } from '../../processes/worker/compose-activities';
import { startWorker } from '../../processes/worker/worker';
import { sandboxProviders } from '../../providers/sandbox-http';
import { startSandbox } from '../../sandbox/server';
import { Workflows } from '../../temporal/workflows';
import { issuedCoupon } from './coupons';
import type { Settings } from './environment';
import type { Ledgers } from './ledgers';
import { insertUnannounced } from './orders';
import { ownDatabase } from './own-database';
import { SandboxOperator } from './sandbox-operator';
import { type PayRequest, payBody } from './shop';
import type { TcpProxy } from './tcp-proxy';
import { Teardown } from './teardown';
import { until } from './until';
import { WorkflowOperator } from './workflow-operator';

const PRICE = 1_000;
const USER = 'kim';
const EMAIL = 'kim@example.com';

export interface HarnessParts {
  /** A Postgres in which the harness makes a database of its own. */
  readonly postgres: string;
  readonly client: Client;
  readonly connection: NativeConnection;
  readonly delays: Settings;
  /** Between the worker and its database. */
  readonly databaseProxy?: TcpProxy;
}

export interface PlacedOrder {
  readonly orderId: number;
  readonly sku: string;
}

export interface Request {
  readonly eventId: string;
  readonly retryCount: number;
}

/**
 * The worker with its real activities, database and sandbox, and nothing before it: the harness itself does what api,
 * relay and bridge would, so that a test decides what comes when.
 */
export class OrderHarness extends WorkflowOperator implements Ledgers {
  private constructor(
    client: Client,
    readonly db: Db,
    /** The providers' own side: faults, parcels, storages. */
    readonly providers: SandboxOperator,
    private readonly teardown: Teardown,
  ) {
    super(client);
  }

  static open(parts: HarnessParts): Promise<OrderHarness> {
    return Teardown.opening(async (teardown) => {
      const url = await ownDatabase(teardown, parts.postgres);
      const open = (to: string, applicationName: string) => {
        const db = openDatabase({ url: to, poolMax: 10, applicationName });
        teardown.defer(() => db.destroy());
        return db;
      };
      const db = open(url, 'harness');
      await migrateSchema(db);
      const workerDb = open(parts.databaseProxy?.through(url) ?? url, 'harness worker');
      const dataDir = await mkdtemp(join(tmpdir(), 'ordersaga-harness-'));
      teardown.defer(() => rm(dataDir, { recursive: true }));
      const sandbox = teardown.use(await startSandbox({ port: 0, dataDir }));
      const settings = settingsSchema.parse({
        NODE_ENV: 'test',
        DATABASE_URL: url,
        SANDBOX_URL: sandbox.url,
        KAFKA_BROKERS: 'none',
        TEMPORAL_ADDRESS: 'given',
        JWT_SECRET: randomUUID(),
        CARRIER_WEBHOOK_SECRET: randomUUID(),
        SESSION_SECRET: randomUUID(),
        ...parts.delays,
      }) as AllSettings;
      const worker = await startWorker({
        connection: parts.connection,
        namespace: 'default',
        bundle: await workflowBundle(cacheFolder('bundles')),
        activities: composeActivities({
          db: workerDb,
          settings,
          workflows: new Workflows(parts.client),
          providers: sandboxProviders({ url: sandbox.url, timeoutMs: settings.PROVIDER_TIMEOUT_MS }),
        }),
        db: workerDb,
        metrics: new Metrics('harness'),
        redis: undefined,
        identity: 'harness',
      });
      teardown.defer(() => worker.stop());
      return new OrderHarness(parts.client, db, new SandboxOperator(sandbox.url), teardown);
    });
  }

  close(): Promise<void> {
    return this.teardown.close();
  }

  /** A coupon that was issued to the customer, for one order. */
  coupon(discountMinor = 300): Promise<OrderCoupon> {
    return issuedCoupon(this.db, USER, discountMinor);
  }

  /** An order CREATED, with a product of its own; its workflow has not started. */
  async order(quantity = 1, stock = 10, coupon?: OrderCoupon): Promise<PlacedOrder> {
    const sku = `sku-${randomUUID()}`;
    const orderId = await this.db.transaction(async (trx) => {
      await putProduct(trx, { sku, name: 'Mug', priceMinor: PRICE, freeUnits: stock });
      const lines = [{ sku, name: 'Mug', quantity, unitPriceMinor: PRICE }];
      const totalMinor = PRICE * quantity - (coupon?.discountMinor ?? 0);
      const who = { userId: USER, userEmail: EMAIL };
      return (await insertUnannounced(trx, { ...who, currency: 'KRW', totalMinor, coupon, lines })).id;
    });
    return { orderId, sku };
  }

  /** An order that waits for its payment. */
  async payable(stock = 10, coupon?: OrderCoupon): Promise<PlacedOrder> {
    const order = await this.order(1, stock, coupon);
    await this.start(order.orderId);
    await this.reaches(order.orderId, 'PENDING_PAYMENT/WAITING');
    return order;
  }

  /** An order that is paid and waits for its carrier. */
  async preparing(command: PayRequest = {}, coupon?: OrderCoupon): Promise<PlacedOrder> {
    const order = await this.payable(10, coupon);
    await this.pay(order.orderId, command);
    await this.reaches(order.orderId, 'PREPARING/WAITING');
    return order;
  }

  async reaches(orderId: number, state: string): Promise<void> {
    const ask = () => this.state(orderId);
    await until(`order ${orderId} to be ${state}`, ask, (found) => found === state);
  }

  /** Waits until a step has left its intent: its call to the outside is under way, or over. */
  async reachesStep(orderId: number, step: string): Promise<void> {
    const ask = () => this.db('saga_steps').where({ order_id: orderId, step }).pluck('state');
    await until(`step ${step} of order ${orderId} to begin`, ask, (states) => states.length > 0);
  }

  /** Saves a request as the api does, and no more: the workflow does not know of it. */
  async saveRequest(orderId: number, command: PayRequest = {}): Promise<Request> {
    const request = { eventId: randomUUID(), retryCount: 0 };
    const event: OrderProcessingEvent = {
      ...request,
      eventCreatedAt: new Date().toISOString(),
      schemaVersion: 1,
      orderId,
      userEmail: EMAIL,
      requestDto: { ...payBody(command), paymentRequest: { method: 'CARD', token: command.token ?? 'tok_visa' } },
    };
    await insertRequest(this.db, event, 'api');
    return request;
  }

  async pay(orderId: number, command: PayRequest = {}): Promise<Request> {
    const request = await this.saveRequest(orderId, command);
    await this.signal(orderId, SIGNALS.paymentRequested, request);
    return request;
  }

  async row(orderId: number): Promise<{ status: string; saga_state: string; status_reason: string | null }> {
    const row: unknown = await this.db('orders').where({ id: orderId }).first('status', 'saga_state', 'status_reason');
    return row as { status: string; saga_state: string; status_reason: string | null };
  }

  /** When the saga came to the state that it is in, by the workflow's clock. */
  async stateSince(orderId: number): Promise<number> {
    const { saga_state_at: at } = (await this.db('orders').where({ id: orderId }).first('saga_state_at')) as {
      saga_state_at: Date;
    };
    return at.getTime();
  }

  /** `STATUS/SAGA_STATE`, for waiting. */
  async state(orderId: number): Promise<string> {
    const { status, saga_state: sagaState } = await this.row(orderId);
    return `${status}/${sagaState}`;
  }

  async timeline(orderId: number, type: string): Promise<{ data: Record<string, unknown> }[]> {
    const rows = this.db('timeline').where({ order_id: orderId, type }).orderBy('id');
    return (await rows.select('data')) as { data: Record<string, unknown> }[];
  }

  async stock(sku: string): Promise<{ free: number; held: number; sold: number }> {
    const columns = { free: 'free_units', held: 'held_units', sold: 'sold_units' };
    return (await this.db('products').where({ sku }).first(columns)) as { free: number; held: number; sold: number };
  }
}
