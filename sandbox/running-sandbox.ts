import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Sandbox, type SandboxOptions, startSandbox } from './server';

/** A sandbox with a directory of its own for each test of the file that calls this. */
export function runningSandbox() {
  let dataDir: string;
  let sandbox: Sandbox;

  beforeEach(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'sandbox-'));
    sandbox = await startSandbox({ port: 0, dataDir });
  });
  afterEach(async () => {
    await sandbox.close();
    await rm(dataDir, { recursive: true });
  });

  async function call(method: string, route: string, body?: object, signal?: AbortSignal) {
    const response = await fetch(sandbox.url + route, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
      signal,
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  return {
    call,
    dataDir: () => dataDir,
    url: () => sandbox.url,
    close: () => sandbox.close(),

    /** On the same directory. */
    async restart(options: Partial<SandboxOptions> = {}): Promise<void> {
      await sandbox.close();
      sandbox = await startSandbox({ port: 0, dataDir, ...options });
    },

    /** True when no response came in a second; the client leaves then. */
    async hangs(route: string, body?: object): Promise<boolean> {
      const leave = new AbortController();
      const hanging = call('POST', route, body, leave.signal).then(
        () => false,
        () => true,
      );
      const first = await Promise.race([hanging, new Promise((resolve) => setTimeout(resolve, 1_000, 'waiting'))]);
      leave.abort();
      return first === 'waiting' && (await hanging);
    },

    /** Opens a payment of 5000 KRW; gives its route. */
    async opened(token: string, orderId = 1): Promise<string> {
      const body = { key: `${orderId}:payment:1`, orderId, amountMinor: 5000, currency: 'KRW', token };
      const response = await call('POST', '/payment/payments', body);
      if (response.status !== 200) throw new Error(`open: HTTP ${response.status}`);
      return `/payment/payments/${String(response.body.ref)}`;
    },

    async ledgerTypes(orderId = 1): Promise<string[]> {
      const { body } = await call('GET', `/ledger?orderId=${orderId}`);
      return (body as unknown as { type: string }[]).map(({ type }) => type);
    },
  };
}
