import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import { HeldRequests } from './held-requests';
import { runningSandbox } from './running-sandbox';
import { startSandbox } from './server';

const { call, restart, close, dataDir, opened, ledgerTypes } = runningSandbox();

describe('outages and the journal', () => {
  it('makes a provider unavailable for one order or for all, undo too, until it is made available', async () => {
    const first = await opened('tok_visa', 1);
    const second = await opened('tok_visa', 2);
    await call('PUT', '/faults/payment', { mode: 'unavailable', orderId: 1 });
    expect((await call('POST', `${first}/close`)).status).toBe(503);
    expect((await call('GET', second)).status).toBe(200);
    expect((await call('PUT', '/faults/payment', { mode: 'unavailable' })).body).toHaveLength(2);
    expect((await call('GET', second)).status).toBe(503);
    expect((await call('PUT', '/faults/payment', { mode: 'none' })).body).toEqual([]);
    expect((await call('GET', first)).status).toBe(200);
  });

  it('slow: works on after the client has left, and lets go when the server closes', async () => {
    const held = jest.spyOn(HeldRequests.prototype, 'delay');
    const untilHeld = async (requests: number) => {
      while (held.mock.calls.length < requests) await new Promise(setImmediate);
    };
    const payment = await opened('tok_visa');
    await call('PUT', '/faults/payment', { mode: 'slow', delayMs: 2_000, orderId: 1 });
    const leave = new AbortController();
    const left = expect(call('POST', `${payment}/confirm`, undefined, leave.signal)).rejects.toThrow();
    await untilHeld(1);
    leave.abort();
    await left;
    while ((await ledgerTypes()).length === 0) await new Promise(setImmediate);
    await call('PUT', '/faults/payment', { mode: 'slow', delayMs: 60_000, orderId: 1 });
    const waiting = expect(call('GET', payment)).rejects.toThrow();
    await untilHeld(2);
    await restart();
    await waiting;
    const [workedOn, letGo] = held.mock.results.map(({ value }) => value as Promise<boolean>);
    expect([await workedOn, await letGo]).toEqual([true, false]);
    held.mockRestore();
  });

  it('cuts off a torn last line, and refuses to start on a broken one before it', async () => {
    const payment = await opened('tok_visa');
    await call('POST', `${payment}/confirm`);
    await close();
    const journal = path.join(dataDir(), 'journal.jsonl');
    await appendFile(journal, '{"kind":"payment.clo');
    await restart();
    expect((await call('POST', `${payment}/close`)).body).toEqual({ refundedMinor: 5000 });
    await restart();
    expect(await ledgerTypes()).toEqual(['charge', 'refund']);
    await close();
    await appendFile(journal, 'nonsense\n');
    await expect(startSandbox({ port: 0, dataDir: dataDir() })).rejects.toThrow(/journal\.jsonl:4 is no journal entry/);
  });
});
