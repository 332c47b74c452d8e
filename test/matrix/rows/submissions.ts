import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ApiClient } from '../../../client/client';
import { type EngineName, killEngine, startEngine } from '../../../dev/stack/stack';
import { payBody } from '../../support/shop';
import type { Row } from '../row';
import type { Stage } from '../stage';
import { type ProbedRole, untilNamed, untilReady } from './readiness';

type Part = 'providers' | 'temporal' | 'kafka' | 'redis';
const PARTS: readonly Part[] = ['providers', 'temporal', 'kafka', 'redis'];

/** Who says so. */
const NAMED: Readonly<Record<Part, Partial<Record<ProbedRole, readonly string[]>>>> = {
  // The one whose calls come first: no order gets to the others.
  providers: { worker: ['payment'] },
  temporal: { api: ['temporal'], bridge: ['temporal'], worker: ['temporal'] },
  kafka: { relay: ['kafka'], bridge: ['kafka'] },
  redis: { api: ['redis'] },
};

const DOWN_MS = 30_000;
const SMALL_DOWN_MS = 3_000;
const EVERY_MS = 50;

export const submissions: Row = {
  name: 'submissions',
  title:
    'orders and payments are submitted while the providers, Temporal, Kafka or Redis are unavailable, or all of them',
  // Each alone, and all at once.
  times: 5,
  small: 1,
  invariants: ['I1', 'I2', 'I5', 'I6', 'I7', 'I11'],
  async run(stage, times) {
    const together = [PARTS, ...PARTS.map((part) => [part])].slice(0, times);
    for (const parts of together) await without(stage, parts, times === 1 ? SMALL_DOWN_MS : DOWN_MS);
  },
};

async function without(stage: Stage, parts: readonly Part[], forMs: number): Promise<void> {
  const submitting = await Submitting.prepare(stage, Math.ceil(forMs / EVERY_MS / 4));
  const pids = await stage.supervised(async () => {
    const ended: string[] = [];
    try {
      for (const part of parts) {
        ended.push(await end(stage, part));
        // A worker finds it out by calling them, for which it needs all the others.
        if (part === 'providers') await untilNamed(stage, NAMED.providers);
      }

      const submitted = submitting.during(() => pause(forMs));
      const others = parts.filter((part) => part !== 'providers');
      await Promise.all([submitted, ...others.map((part) => untilNamed(stage, NAMED[part]))]);
    } finally {
      await Promise.all(parts.map((part) => start(stage, part)));
    }
    return ended;
  });
  await untilReady(stage);
  const what = `${submitting.share} accepted`;
  stage.notes.push(`without ${parts.join(', ')} for ${forMs / 1_000} s: ${what}`);
  stage.injected({ fault: `${parts.join(', ')} unavailable`, what: `${what}; ended ${pids.join(', ')}` });
}

async function end(stage: Stage, part: Part): Promise<string> {
  if (part === 'providers') {
    const { pid } = stage.system.role('sandbox');
    await stage.system.role('sandbox').end('SIGKILL');
    return `sandbox ${pid}`;
  }
  await killEngine(stage.shop.system.stackName, part satisfies EngineName);
  return part;
}

async function start(stage: Stage, part: Part): Promise<void> {
  if (part === 'providers') await stage.start('sandbox');
  else await startEngine(stage.shop.system.stackName, part);
}

/** Customers who submit at a fixed rate, each once: what is not accepted at once counts as refused. */
class Submitting {
  private readonly refused: string[] = [];
  private submitted = 0;

  private constructor(
    private readonly stage: Stage,
    private readonly api: ApiClient,
    private readonly sku: string,
    /** Orders that can be paid. */
    private readonly payable: number[],
  ) {}

  static async prepare(stage: Stage, payable: number): Promise<Submitting> {
    const { shop, customers } = stage;
    const orderIds: number[] = [];
    const place = async () => {
      while (orderIds.length < payable) orderIds.push(await customers.order());
    };
    await Promise.all(Array.from({ length: 10 }, place));
    const api = new ApiClient({
      address: shop.system.api,
      token: await shop.token(),
      language: 'ko',
      timeoutMs: 5_000,
    });
    return new Submitting(stage, api, await shop.product(100_000), orderIds);
  }

  get share(): string {
    const accepted = this.submitted - this.refused.length;
    return `${((100 * accepted) / this.submitted).toFixed(2)} % of ${this.submitted} submissions`;
  }

  async during(outage: () => Promise<unknown>): Promise<void> {
    let isOver = false;
    const over = outage().finally(() => {
      isOver = true;
    });
    const sent: Promise<void>[] = [];
    while (!isOver) {
      // Half of them orders, half of them payments, as long as there is something to be paid.
      const orderId = this.submitted % 2 === 0 ? this.payable.shift() : undefined;
      sent.push(orderId === undefined ? this.place() : this.pay(orderId));
      await pause(EVERY_MS);
    }
    await over;
    await Promise.all(sent);
    if (this.refused.length > 0)
      this.stage.problems.push(`${this.share} accepted; not: ${[...new Set(this.refused)].slice(0, 5).join('; ')}`);
  }

  private async place(): Promise<void> {
    const data = await this.submit('/api/orders', { lines: [{ sku: this.sku, quantity: 1 }] }, 201);
    if (data) this.stage.customers.orderIds.push(Number(data.orderId));
  }

  private async pay(orderId: number): Promise<void> {
    await this.submit(`/api/orders/${orderId}/process-payment-shipment`, payBody(), 202);
  }

  private async submit(path: string, body: object, wanted: number): Promise<Record<string, unknown> | undefined> {
    this.submitted += 1;
    try {
      const response = await this.api.request<{ data: Record<string, unknown>; code?: string }>(`POST ${path}`, {
        body,
        headers: { 'idempotency-key': randomUUID() },
      });
      if (response.status === wanted) return response.body.data;
      this.refused.push(`${response.status} ${response.body.code}`);
    } catch (error) {
      this.refused.push((error as Error).message);
    }
    return undefined;
  }
}
