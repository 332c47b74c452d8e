import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runningSandbox } from '../sandbox/running-sandbox';
import { CredentialsRefused, ProviderUnavailable } from './errors';
import type { List } from './list';
import { type Providers, sandboxProviders } from './sandbox-http';

const recipient = { recipientName: 'Kim', phone: '010', postalCode: '04524', address1: 'Sejong-daero', country: 'KR' };
const EVER = new Date(0);

/** Every record, with what is done once the first page is there. */
async function all<Listed>(list: List<Listed>, since = EVER, afterFirstPage?: () => Promise<unknown>) {
  const records: Listed[] = [];
  let cursor: string | undefined;
  do {
    const page = await list(since, cursor);
    records.push(...page.records);
    if (cursor === undefined) await afterFirstPage?.();
    cursor = page.next;
  } while (cursor !== undefined);
  return records;
}

describe('what the sandbox lists', () => {
  const sandbox = runningSandbox();
  const providers = () => sandboxProviders({ url: sandbox.url(), timeoutMs: 10_000 });
  beforeEach(() => sandbox.restart({ defaults: { pageSize: 2 } }));
  const ship = (orderId: number) => providers().carrier.create({ key: `${orderId}:shipment:1`, orderId, recipient });

  it('is every payment with its amounts, also after a restart', async () => {
    for (const [orderId, token] of ['tok_visa', 'tok_visa', 'tok_declined', 'tok_visa', 'tok_visa'].entries())
      await sandbox.opened(token, orderId + 1);
    const refs = (await all(providers().payment.list)).map(({ ref }) => ref) as [
      string,
      string,
      string,
      string,
      string,
    ];
    for (const ref of refs.slice(0, 4)) await providers().payment.confirm(ref);
    for (const ref of refs.slice(1, 3)) await providers().payment.close(ref);
    await sandbox.restart({ defaults: { pageSize: 2 } });
    const records = (await all(providers().payment.list)).sort((a, b) => a.orderId - b.orderId);
    expect(records.map(({ status, capturedMinor, refundedMinor }) => [status, capturedMinor, refundedMinor])).toEqual([
      ['captured', 5_000, 0],
      ['closed', 5_000, 5_000],
      ['closed', 0, 0],
      ['captured', 5_000, 0],
      ['open', 0, 0],
    ]);
    const { ref, key, orderId, changedAt, ...facts } = records[1] as (typeof records)[1];
    expect({ key, orderId }).toEqual({ key: '2:payment:1', orderId: 2 });
    expect(await providers().payment.find(ref)).toEqual(facts);
    expect(await providers().payment.find('pay_nobody')).toBeUndefined();
    expect(changedAt.getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  it('is every parcel and storage, cancelled ones too, and no key under which nothing was made', async () => {
    const { carrier, warehouse } = providers();
    for (const orderId of [1, 2, 3]) await ship(orderId);
    for (const orderId of [1, 2])
      await warehouse.store({ key: `${orderId}:warehouse:1`, orderId, recipientName: 'Kim' });
    await sandbox.call('POST', '/carrier/shipments/1:shipment:1/scan', { status: 'IN_TRANSIT' });
    for (const key of ['2:shipment:1', '9:shipment:1']) await carrier.cancel(key);
    for (const key of ['1:warehouse:1', '9:warehouse:1']) await warehouse.cancel(key);
    const statuses = (records: readonly { key: string; status: string }[]) =>
      Object.fromEntries(records.map(({ key, status }) => [key, status]));
    expect(statuses(await all(carrier.list))).toEqual({
      '1:shipment:1': 'IN_TRANSIT',
      '2:shipment:1': 'CANCELLED',
      '3:shipment:1': 'CREATED',
    });
    expect(statuses(await all(warehouse.list))).toEqual({ '1:warehouse:1': 'CANCELLED', '2:warehouse:1': 'STORED' });
  });

  it('ends, and misses nothing that stays as it is, however much changes between its pages', async () => {
    for (const orderId of [1, 2, 3, 4, 5]) await ship(orderId);
    const { carrier } = providers();
    // Later than all five, to the millisecond that a time has.
    const last = (await all(carrier.list)).at(-1)?.changedAt ?? EVER;
    const before = new Date(last.getTime() + 1);
    while (Date.now() < before.getTime()) await new Promise((resolve) => setImmediate(resolve));
    const first = await all(carrier.list, EVER, async () => {
      for (const orderId of [6, 7, 8]) await ship(orderId);
      for (const orderId of [1, 4]) await carrier.cancel(`${orderId}:shipment:1`);
    });
    expect(first.map(({ orderId }) => orderId)).toEqual([1, 2, 3, 5]);
    const second = await all(carrier.list, before);
    expect(second.map(({ orderId, status }) => `${orderId} ${status}`)).toEqual([
      '6 CREATED',
      '7 CREATED',
      '8 CREATED',
      '1 CANCELLED',
      '4 CANCELLED',
    ]);
  });

  it('is unknown while the provider, or a gateway in front of it, is unavailable', async () => {
    await ship(1);
    for (const fault of [
      { mode: 'unavailable' },
      { mode: 'gateway', operation: 'list', status: 200, body: '{}' },
      { mode: 'gateway', operation: 'list', status: 200, body: '<html>welcome</html>' },
      { mode: 'gateway', operation: 'list', status: 404, body: '{"records":[],"next":null}' },
    ]) {
      await sandbox.call('PUT', '/faults/carrier', fault);
      await expect(providers().carrier.list(EVER)).rejects.toBeInstanceOf(ProviderUnavailable);
    }
    await sandbox.call('PUT', '/faults/carrier', { mode: 'none' });
    expect(await all(providers().carrier.list)).toHaveLength(1);
  });
});

describe('a gateway in front of a list', () => {
  let server: Server;
  let respond: RequestListener;
  let providers: Providers;
  let lists: List<unknown>[];
  beforeAll(async () => {
    server = createServer((req, res) => respond(req, res)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    providers = sandboxProviders({ url, timeoutMs: 10_000 });
    lists = Object.values(providers).map(({ list }) => list as List<unknown>);
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each([
    '',
    '<html>',
    'null',
    '[]',
    '{}',
    '{"records":[]}',
    '{"next":null}',
    '{"records":null,"next":null}',
    '{"records":[{}],"next":null}',
    '{"records":[],"next":""}',
  ])('never makes an empty list: 200 with %j', async (body) => {
    respond = (_req, res) => res.end(body);
    for (const list of lists) await expect(list(EVER)).rejects.toBeInstanceOf(ProviderUnavailable);
  });

  it('is taken at its word about our credentials', async () => {
    respond = (_req, res) => res.writeHead(401).end('<html>');
    for (const list of lists) await expect(list(EVER)).rejects.toBeInstanceOf(CredentialsRefused);
  });

  it('has to say of a payment that there is none', async () => {
    respond = (_req, res) => res.end('{"records":[],"next":null}');
    await expect(providers.payment.list(EVER)).resolves.toEqual({ records: [], next: undefined });
    await expect(providers.payment.find('pay_1')).rejects.toBeInstanceOf(ProviderUnavailable);
  });
});
