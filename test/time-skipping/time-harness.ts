import type { Client } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { SEARCH_ATTRIBUTES } from '../../contracts/workflow-api';
import { timeSkippingServer } from '../../dev/stack/time-skipping-server';
import { sharedSystem } from '../support/environment';
import { OrderHarness } from '../support/order-harness';
import { installQuietTemporal } from '../support/quiet-temporal';
import type { TcpProxy } from '../support/tcp-proxy';

/** Only what a provider may take of real time is short; hold, budget and delays are those of production. */
const PROVIDER_LIMITS = { PROVIDER_FAST_TIMEOUT_MS: '3000', PROVIDER_TIMEOUT_MS: '6000' };
const INDEXED_TYPE = { Keyword: 2, Int: 3, Bool: 5 } as const;
const POLL_MS = 20;

/** A lab on a Temporal whose time passes when a test lets it. */
export class TimeHarness {
  private constructor(
    private readonly environment: TestWorkflowEnvironment,
    readonly orders: OrderHarness,
  ) {}

  static async open(databaseProxy?: TcpProxy): Promise<TimeHarness> {
    installQuietTemporal();
    const environment = await startServer();
    await environment.connection.operatorService.addSearchAttributes({
      namespace: 'default',
      searchAttributes: Object.fromEntries(
        Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, INDEXED_TYPE[type]]),
      ),
    });
    const { client, nativeConnection: connection } = environment;
    const postgres = sharedSystem().postgres;
    const parts = { postgres, client, connection, delays: PROVIDER_LIMITS };
    const orders = await OrderHarness.open(databaseProxy ? { ...parts, databaseProxy } : parts);
    return new TimeHarness(environment, orders);
  }

  get client(): Client {
    return this.environment.client;
  }

  async close(): Promise<void> {
    try {
      await this.orders.close();
    } finally {
      await this.environment.teardown();
    }
  }

  /** Lets so much of Temporal's time pass. */
  async pass(duration: Parameters<TestWorkflowEnvironment['sleep']>[0]): Promise<void> {
    await this.environment.sleep(duration);
  }

  /** Lets time pass in small steps until the answer is the wanted one; returns the ms that passed. */
  async passUntil(ask: () => Promise<string>, wanted: string, limitMs: number, stepMs = 5_000): Promise<number> {
    const startedAt = await this.environment.currentTimeMs();
    for (;;) {
      const answer = await ask();
      const passed = (await this.environment.currentTimeMs()) - startedAt;
      if (answer === wanted) return passed;
      if (passed > limitMs) throw new Error(`${passed} ms passed for ${wanted}; last: ${answer}`);
      await this.environment.sleep(stepMs);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

/** The SDK gives the server five seconds to start, which a busy machine exceeds. */
async function startServer(triesLeft = 3): Promise<TestWorkflowEnvironment> {
  const path = await timeSkippingServer();
  try {
    return await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path } },
    });
  } catch (error) {
    if (triesLeft <= 1) throw error;
    return startServer(triesLeft - 1);
  }
}
