import type { Client } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { SEARCH_ATTRIBUTES } from '../../contracts/workflow-api';
import { timeSkippingServer } from '../../dev/stack/time-skipping-server';
import { sharedSystem } from '../support/environment';
import { OrderHarness } from '../support/order-harness';
import { installQuietTemporal } from '../support/quiet-temporal';
import type { TcpProxy } from '../support/tcp-proxy';
import { Teardown } from '../support/teardown';

/** Only what a provider may take of real time is short; hold, budget and delays are those of production. */
const PROVIDER_LIMITS = { PROVIDER_FAST_TIMEOUT_MS: '3000', PROVIDER_TIMEOUT_MS: '6000' };
const INDEXED_TYPE = { Keyword: 2, Int: 3, Bool: 5 } as const;
const POLL_MS = 20;

/** A harness on a Temporal whose time passes when a test lets it. */
export class TimeHarness {
  private readonly teardown = new Teardown();
  private running: { readonly environment: TestWorkflowEnvironment; readonly orders: OrderHarness } | undefined;

  async start(databaseProxy?: TcpProxy): Promise<void> {
    installQuietTemporal();
    const environment = await startServer();
    this.teardown.defer(() => environment.teardown());
    await environment.connection.operatorService.addSearchAttributes({
      namespace: 'default',
      searchAttributes: Object.fromEntries(
        Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, INDEXED_TYPE[type]]),
      ),
    });
    const { client, nativeConnection: connection } = environment;
    const parts = { postgres: sharedSystem().postgres, client, connection, delays: PROVIDER_LIMITS };
    const orders = await OrderHarness.open(databaseProxy ? { ...parts, databaseProxy } : parts);
    this.running = { environment, orders: this.teardown.use(orders) };
  }

  close(): Promise<void> {
    return this.teardown.close();
  }

  get orders(): OrderHarness {
    return this.parts.orders;
  }

  get client(): Client {
    return this.parts.environment.client;
  }

  private get parts() {
    if (!this.running) throw new Error('the harness has not started');
    return this.running;
  }

  /** Lets so much of Temporal's time pass. */
  async pass(duration: Parameters<TestWorkflowEnvironment['sleep']>[0]): Promise<void> {
    await this.parts.environment.sleep(duration);
  }

  /** Lets time pass in small steps until the answer is the wanted one; returns the ms that passed. */
  async passUntil(ask: () => Promise<string>, wanted: string, limitMs: number, stepMs = 5_000): Promise<number> {
    const startedAt = await this.parts.environment.currentTimeMs();
    for (;;) {
      const response = await ask();
      const passed = (await this.parts.environment.currentTimeMs()) - startedAt;
      if (response === wanted) return passed;
      if (passed > limitMs) throw new Error(`${passed} ms passed for ${wanted}; last: ${response}`);
      await this.parts.environment.sleep(stepMs);
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
