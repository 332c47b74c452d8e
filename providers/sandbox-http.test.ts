import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Sandbox, startSandbox } from '../sandbox/server';
import { CredentialsRefused, KeyClosed, OutcomeUnknown, ProviderUnavailable } from './errors';
import { type Providers, sandboxProviders } from './sandbox-http';

const recipient = { recipientName: 'Kim', phone: '010', postalCode: '04524', address1: 'Sejong-daero', country: 'KR' };
const payment = (token: string, key = '1:payment:1') => ({
  key,
  orderId: 1,
  amountMinor: 5000,
  currency: 'KRW',
  token,
});

describe('against the sandbox', () => {
  let dataDir: string;
  let sandbox: Sandbox;
  let providers: Providers;

  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'sandbox-http-'));
    sandbox = await startSandbox({ port: 0, dataDir });
    providers = sandboxProviders({ url: sandbox.url, timeoutMs: 10_000 });
  });
  afterAll(async () => {
    await sandbox.close();
    await rm(dataDir, { recursive: true });
  });

  it('opens, confirms, looks up and closes a payment', async () => {
    const { ref } = await providers.payment.open(payment('tok_visa'));
    expect(await providers.payment.open(payment('tok_visa'))).toEqual({ ref });
    expect(await providers.payment.lookup(ref)).toEqual({ status: 'open' });
    expect(await providers.payment.confirm(ref)).toEqual({ status: 'captured', capturedMinor: 5000 });
    expect(await providers.payment.close(ref)).toEqual({ refundedMinor: 5000 });
    expect(await providers.payment.close(ref)).toEqual({ refundedMinor: 5000 });
    expect(await providers.payment.lookup(ref)).toEqual({ status: 'closed', refundedMinor: 5000 });
    await expect(providers.payment.confirm(ref)).rejects.toBeInstanceOf(KeyClosed);
  });

  it('turns a confirm without a response into OutcomeUnknown, and a look-up then finds the outcome', async () => {
    const { ref } = await providers.payment.open(payment('tok_timeout_after_charge', '1:payment:2'));
    const impatient = sandboxProviders({ url: sandbox.url, timeoutMs: 1_000 });
    await expect(impatient.payment.confirm(ref)).rejects.toBeInstanceOf(OutcomeUnknown);
    expect(await providers.payment.lookup(ref)).toEqual({ status: 'captured', capturedMinor: 5000 });
  });

  it('turns 503 into ProviderUnavailable and a refusal into ProviderRefused', async () => {
    const { ref } = await providers.payment.open(payment('tok_unavailable', '1:payment:3'));
    await expect(providers.payment.confirm(ref)).rejects.toBeInstanceOf(ProviderUnavailable);
    const refused = providers.payment.open(payment('tok_nobody', '1:payment:4'));
    await expect(refused).rejects.toMatchObject({ name: 'ProviderRefused', code: 'INVALID_TOKEN' });
    const badBody = providers.payment.open({ ...payment('tok_visa', '1:payment:5'), amountMinor: -1 });
    await expect(badBody).rejects.toMatchObject({ name: 'RequestRejected', code: 'INVALID_REQUEST' });
  });

  it('creates, looks up and cancels parcels and storages by key', async () => {
    const parcel = await providers.carrier.create({ key: '1:shipment:1', orderId: 1, recipient });
    expect(await providers.carrier.lookup('1:shipment:1')).toEqual({ status: 'created', ...parcel });
    await providers.carrier.cancel('1:shipment:1');
    expect(await providers.carrier.lookup('1:shipment:1')).toEqual({ status: 'cancelled' });
    expect(await providers.carrier.lookup('1:shipment:9')).toEqual({ status: 'none' });
    const stored = await providers.warehouse.store({ key: '1:warehouse:1', orderId: 1, recipientName: 'Kim' });
    expect(await providers.warehouse.lookup('1:warehouse:1')).toEqual({ status: 'stored', ...stored });
    await providers.warehouse.cancel('1:warehouse:1');
    const late = providers.warehouse.store({ key: '1:warehouse:1', orderId: 1, recipientName: 'Kim' });
    await expect(late).rejects.toBeInstanceOf(KeyClosed);
  });

  it('reports that a parcel was picked up, and that it cannot be cancelled', async () => {
    await providers.carrier.create({ key: '1:shipment:2', orderId: 1, recipient });
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ status: 'IN_TRANSIT' });
    await fetch(`${sandbox.url}/carrier/shipments/1:shipment:2/scan`, { method: 'POST', headers, body });
    expect(await providers.carrier.lookup('1:shipment:2')).toMatchObject({ status: 'picked_up' });
    const cancelled = providers.carrier.cancel('1:shipment:2');
    await expect(cancelled).rejects.toMatchObject({ name: 'ProviderRefused', code: 'ALREADY_PICKED_UP' });
  });
});

describe('against a server that misbehaves', () => {
  let server: Server;
  let respond: RequestListener;
  let url: string;

  beforeAll(async () => {
    server = createServer((req, res) => respond(req, res)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('connection refused: ProviderUnavailable', async () => {
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    await new Promise((closed) => gone.close(closed));
    const { payment } = sandboxProviders({ url: `http://127.0.0.1:${port}`, timeoutMs: 10_000 });
    await expect(payment.confirm('pay_1')).rejects.toBeInstanceOf(ProviderUnavailable);
  });

  it('reset after sending: OutcomeUnknown for a call, ProviderUnavailable for a question', async () => {
    respond = (req) => req.socket.destroy();
    const { payment } = sandboxProviders({ url, timeoutMs: 10_000 });
    await expect(payment.confirm('pay_1')).rejects.toBeInstanceOf(OutcomeUnknown);
    await expect(payment.lookup('pay_1')).rejects.toBeInstanceOf(ProviderUnavailable);
  });

  it('success with a body that makes no sense: OutcomeUnknown', async () => {
    respond = (_req, res) => res.end('<html>');
    const { payment } = sandboxProviders({ url, timeoutMs: 10_000 });
    await expect(payment.confirm('pay_1')).rejects.toBeInstanceOf(OutcomeUnknown);
  });

  it.each([408, 425, 429, 500, 502, 503])('HTTP %d: ProviderUnavailable, with the gap asked for', async (status) => {
    respond = (_req, res) => res.writeHead(status, { 'retry-after': '7' }).end();
    const failed = sandboxProviders({ url, timeoutMs: 10_000 }).payment.confirm('pay_1');
    await expect(failed).rejects.toMatchObject({ name: 'ProviderUnavailable', retryAfterMs: 7000 });
  });

  const refusing = (status: number, body: string, type = 'application/problem+json') => {
    respond = (_req, res) => res.writeHead(status, { 'content-type': type, location: '/elsewhere' }).end(body);
    return sandboxProviders({ url, timeoutMs: 10_000 });
  };
  const problem = (code: string) => JSON.stringify({ code, title: code });
  const parcel = { key: '1:shipment:1', orderId: 1, recipient };

  it.each([301, 302, 307, 308, 400, 404, 409, 410, 418, 422, 451])(
    'HTTP %d from a gateway, whatever its body: ProviderUnavailable, for calls and questions alike',
    async (status) => {
      for (const body of ['', '<html>no such page</html>', '{}', '{"error":"no such route"}', '[]', 'null']) {
        const { payment, carrier, warehouse } = refusing(status, body, 'text/html');
        const storage = { key: '1:warehouse:1', orderId: 1, recipientName: 'Kim' };
        for (const call of [
          () => payment.confirm('pay_1'),
          () => payment.lookup('pay_1'),
          () => payment.close('pay_1'),
          () => carrier.create(parcel),
          () => carrier.lookup('1:shipment:1'),
          () => carrier.cancel('1:shipment:1'),
          () => warehouse.store(storage),
          () => warehouse.lookup('1:warehouse:1'),
          () => warehouse.cancel('1:warehouse:1'),
        ])
          await expect(call()).rejects.toBeInstanceOf(ProviderUnavailable);
      }
    },
  );

  it.each([401, 403])('HTTP %d, with or without a code: CredentialsRefused', async (status) => {
    for (const body of ['<html>', problem('UNAUTHORIZED')]) {
      const { payment, carrier } = refusing(status, body);
      await expect(payment.confirm('pay_1')).rejects.toBeInstanceOf(CredentialsRefused);
      await expect(carrier.lookup('1:shipment:1')).rejects.toBeInstanceOf(CredentialsRefused);
    }
  });

  it("a proxy's 407 is no word of the provider: ProviderUnavailable", async () => {
    const { payment } = refusing(407, '<html>');
    await expect(payment.confirm('pay_1')).rejects.toBeInstanceOf(ProviderUnavailable);
    await expect(payment.lookup('pay_1')).rejects.toBeInstanceOf(ProviderUnavailable);
  });

  it('a connection that is closed just when it is used again: a question is asked once more, a call is OutcomeUnknown', async () => {
    const used = new Set<unknown>();
    let requests = 0;
    respond = (req, res) => {
      requests += 1;
      if (used.has(req.socket)) return req.socket.destroy();
      used.add(req.socket);
      return res.end('{"status":"captured","capturedMinor":5000}');
    };
    const { payment } = sandboxProviders({ url, timeoutMs: 10_000 });
    await payment.confirm('pay_1');
    expect(await payment.lookup('pay_1')).toEqual({ status: 'captured', capturedMinor: 5000 });
    expect(requests).toBe(3);
    await expect(payment.confirm('pay_1')).rejects.toBeInstanceOf(OutcomeUnknown);
    expect(requests).toBe(4);
  });

  it('a response that breaks off: OutcomeUnknown', async () => {
    respond = (req, res) => {
      res.writeHead(200, { 'content-length': '100' }).write('{"status":"captured"');
      setImmediate(() => req.socket.destroy());
    };
    const { payment } = sandboxProviders({ url, timeoutMs: 10_000 });
    await expect(payment.confirm('pay_1')).rejects.toBeInstanceOf(OutcomeUnknown);
  });

  it('what is no code is replaced by one of ours, and no word of the provider is passed on', async () => {
    for (const code of ['declined: 4111 1111', 'a\u0000b', 'x'.repeat(65), '4111111111111111']) {
      const { payment } = refusing(200, JSON.stringify({ status: 'declined', code, message: 'the card of Kim' }));
      expect(await payment.confirm('pay_1')).toEqual({ status: 'declined', code: 'CARD_DECLINED' });
      await expect(refusing(400, problem(code)).payment.confirm('pay_1')).rejects.toBeInstanceOf(ProviderUnavailable);
    }
  });

  it.each(['a\u0000b', '\ud800', 'x'.repeat(201), ''])('a ref that can not be kept is no response: %j', async (ref) => {
    const { payment, carrier } = refusing(200, JSON.stringify({ ref, trackingNumber: 'SBX1' }));
    const opening = payment.open({
      key: '1:payment:1',
      orderId: 1,
      amountMinor: 1,
      currency: 'KRW',
      token: 'tok_visa',
    });
    await expect(opening).rejects.toBeInstanceOf(OutcomeUnknown);
    await expect(carrier.create(parcel)).rejects.toBeInstanceOf(OutcomeUnknown);
    const { carrier: numbering } = refusing(200, JSON.stringify({ ref: 'sh_1', trackingNumber: ref }));
    await expect(numbering.create(parcel)).rejects.toBeInstanceOf(OutcomeUnknown);
  });

  it('a code that is not listed for this very call is no refusal', async () => {
    await expect(refusing(409, problem('SHIPMENT_REFUSED')).payment.confirm('pay_1')).rejects.toBeInstanceOf(
      ProviderUnavailable,
    );
    await expect(refusing(404, problem('NOT_FOUND')).carrier.cancel('1:shipment:1')).rejects.toBeInstanceOf(
      ProviderUnavailable,
    );
    await expect(refusing(503, problem('SHIPMENT_REFUSED')).carrier.create(parcel)).rejects.toBeInstanceOf(
      ProviderUnavailable,
    );
  });

  it.each([400, 422])(
    "HTTP %d in the provider's own words: RequestRejected for a call, unavailable for a question",
    async (status) => {
      const { carrier } = refusing(status, problem('INVALID_REQUEST'));
      await expect(carrier.create(parcel)).rejects.toMatchObject({ name: 'RequestRejected', code: 'INVALID_REQUEST' });
      await expect(carrier.lookup('1:shipment:1')).rejects.toBeInstanceOf(ProviderUnavailable);
    },
  );

  it('a listed code is a refusal', async () => {
    const { carrier } = refusing(422, problem('SHIPMENT_REFUSED'));
    await expect(carrier.create(parcel)).rejects.toMatchObject({ name: 'ProviderRefused', code: 'SHIPMENT_REFUSED' });
    const { carrier: stubborn } = refusing(409, problem('ALREADY_PICKED_UP'));
    await expect(stubborn.cancel('1:shipment:1')).rejects.toMatchObject({ code: 'ALREADY_PICKED_UP' });
  });

  it('an empty JSON object is no proof of a cancel', async () => {
    const { carrier, warehouse } = refusing(200, '{}', 'application/json');
    await expect(carrier.cancel('1:shipment:1')).rejects.toBeInstanceOf(OutcomeUnknown);
    await expect(warehouse.cancel('1:warehouse:1')).rejects.toBeInstanceOf(OutcomeUnknown);
  });

  it("the caller's signal: before sending its own reason, after sending OutcomeUnknown", async () => {
    const { payment } = sandboxProviders({ url, timeoutMs: 10_000 });
    await expect(payment.confirm('pay_1', AbortSignal.abort(new Error('not now')))).rejects.toThrow('not now');
    const leave = new AbortController();
    respond = () => leave.abort();
    await expect(payment.confirm('pay_1', leave.signal)).rejects.toBeInstanceOf(OutcomeUnknown);
  });

  it('sends the extra headers of each request', async () => {
    let seen: unknown;
    respond = (req, res) => {
      seen = req.headers.traceparent;
      res.end('{"status":"open"}');
    };
    const headers = () => ({ traceparent: '00-aa-bb-01' });
    await sandboxProviders({ url, timeoutMs: 10_000, headers }).payment.lookup('pay_1');
    expect(seen).toBe('00-aa-bb-01');
  });
});
