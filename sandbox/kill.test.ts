import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const CUSTOMERS = 200;
const running: ChildProcess[] = [];
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'sandbox-kill-'));
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await rm(dataDir, { recursive: true });
});

async function start(...args: string[]): Promise<{ child: ChildProcess; url: string }> {
  const main = path.join(__dirname, 'main.ts');
  const loader = path.join(__dirname, '..', 'processes', 'typescript.cjs');
  const child = spawn(process.execPath, ['--require', loader, main, '--data-dir', dataDir, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  running.push(child);
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const url = /^sandbox: (http:\S+)$/.exec(line)?.[1];
  if (!url) throw new Error(`unexpected first line: ${line}`);
  return { child, url };
}

async function post(url: string, body?: object): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: body && JSON.stringify(body) });
  return (await response.json()) as Record<string, unknown>;
}

async function chargedKeys(url: string): Promise<string[]> {
  const lines = (await (await fetch(`${url}/ledger`)).json()) as { type: string; key: string }[];
  return lines.filter(({ type }) => type === 'charge').map(({ key }) => key);
}

it('kill -9 amid 200 confirms: each one that got its response is in the ledger exactly once, and none becomes two', async () => {
  const first = await start();
  const opened = new Map<string, string>();
  const confirmed: string[] = [];
  let orders = 0;
  // Each customer orders on and on, so that the kill always meets about 200 requests on their way.
  const customer = async (): Promise<void> => {
    for (;;) {
      orders += 1;
      const key = `${orders}:payment:1`;
      const body = { key, orderId: orders, amountMinor: 1000, currency: 'KRW', token: 'tok_visa' };
      const { ref } = await post(`${first.url}/payment/payments`, body);
      opened.set(key, String(ref));
      const { status } = await post(`${first.url}/payment/payments/${String(ref)}/confirm`);
      if (status === 'captured') confirmed.push(key);
      if (confirmed.length === 500) first.child.kill('SIGKILL');
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: CUSTOMERS }, customer));
  expect(ends.every(({ status }) => status === 'rejected')).toBe(true);
  if (first.child.signalCode === null) await once(first.child, 'exit');
  expect(confirmed.length).toBeGreaterThanOrEqual(500);

  const second = await start();
  const charged = await chargedKeys(second.url);
  expect(new Set(charged).size).toBe(charged.length);
  expect(charged).toEqual(expect.arrayContaining(confirmed));

  await Promise.all([...opened.values()].map((ref) => post(`${second.url}/payment/payments/${ref}/confirm`)));
  expect((await chargedKeys(second.url)).sort()).toEqual([...opened.keys()].sort());
  second.child.kill('SIGTERM');
  expect(await once(second.child, 'exit')).toEqual([0, null]);
}, 120_000);

it('--with-parent: ends by itself when the parent lets go of its input', async () => {
  const { child } = await start('--with-parent');
  child.stdin?.end();
  expect(await once(child, 'exit')).toEqual([0, null]);
}, 120_000);
