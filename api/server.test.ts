import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import type { Express } from 'express';
import pino from 'pino';
import { createDevelopmentToken } from '../cli/development-token';
import { COUPON_REFUSALS } from '../domain/coupon';
import { Metrics } from '../observability/metrics';
import { createAuthentication } from './authentication';
import type { RouteDependencies } from './dependencies';
import { OpenStreams } from './live';
import { openApiDocument } from './openapi';
import { problemStatus } from './problem';
import { createApp } from './server';

const SECRET = 'a secret of at least thirty-two characters';
const CARRIER_SECRET = 'what the carrier knows';
const settings = { JWT_SECRET: SECRET, CARRIER_WEBHOOK_SECRET: CARRIER_SECRET, CURRENCY: 'KRW' };
const metrics = new Metrics('api');
const logged = new PassThrough();

/** What these tests ask is answered before any database is. */
const dependencies = {
  settings,
  metrics,
  logger: pino(logged),
  authenticate: createAuthentication(settings),
} as unknown as RouteDependencies;

let app: Express;
let server: Server;
let token: string;
let operator: string;

beforeAll(async () => {
  app = createApp(dependencies, new OpenStreams());
  server = createServer(app).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  token = await createDevelopmentToken(SECRET, { email: 'kim@example.com' });
  operator = await createDevelopmentToken(SECRET, { email: 'op@example.com', role: 'operator' });
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

async function ask(method: string, path: string, options: { body?: string; headers?: Record<string, string> } = {}) {
  const { port } = server.address() as AddressInfo;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...options.headers };
  return fetch(`http://127.0.0.1:${port}${path}`, { method, headers, ...(options.body ? { body: options.body } : {}) });
}

describe('what is refused before it does anything', () => {
  const order = JSON.stringify({ lines: [{ sku: 'tea', quantity: 1 }] });
  test.each([
    [404, 'NOT_FOUND', 'GET', '/nothing/here', {}],
    [404, 'NOT_FOUND', 'DELETE', '/api/orders', {}],
    [404, 'NOT_FOUND', 'GET', '/api/orders/%E0%A4%A', {}],
    [404, 'ORDER_NOT_FOUND', 'GET', '/api/orders/abc', {}],
    [401, 'UNAUTHENTICATED', 'GET', '/api/products', { headers: { authorization: '' } }],
    [401, 'UNAUTHENTICATED', 'POST', '/api/orders', { headers: { authorization: 'Bearer x' }, body: '{' }],
    [403, 'FORBIDDEN', 'PUT', '/api/ops/products/tea', { body: '{}' }],
    [403, 'FORBIDDEN', 'PUT', '/api/ops/coupons/opening-day', { body: '{}' }],
    [403, 'FORBIDDEN', 'GET', '/api/ops/coupons/opening-day', {}],
    [403, 'FORBIDDEN', 'GET', '/api/ops/sagas/1', {}],
    [403, 'FORBIDDEN', 'POST', '/api/ops/sagas/1/compensate', { body: '{' }],
    [403, 'FORBIDDEN', 'POST', '/api/ops/sagas/1/resolve', { body: '{' }],
    [403, 'FORBIDDEN', 'GET', '/api/ops/outbox', {}],
    [400, 'VALIDATION_FAILED', 'POST', '/api/coupons/opening-day/requests', { body: '{}' }],
    [400, 'VALIDATION_FAILED', 'POST', '/api/coupons/opening-day/requests', { body: '{"requestId":"a b"}' }],
    [400, 'VALIDATION_FAILED', 'POST', '/api/coupons/opening%20day/requests', { body: '{"requestId":"a-1"}' }],
    [404, 'COUPON_REQUEST_NOT_FOUND', 'GET', '/api/coupons/requests/a%20b', {}],
    [400, 'MALFORMED_JSON', 'POST', '/api/orders', { body: '{"lines":' }],
    [400, 'VALIDATION_FAILED', 'POST', '/api/orders', {}],
    [400, 'VALIDATION_FAILED', 'POST', '/api/orders', { body: '{"lines":[]}' }],
    [400, 'VALIDATION_FAILED', 'POST', '/api/orders', { body: order, headers: { 'idempotency-key': 'a b' } }],
    [400, 'VALIDATION_FAILED', 'GET', '/api/orders?limit=0', {}],
    [413, 'BODY_TOO_LARGE', 'POST', '/api/orders', { body: JSON.stringify('x'.repeat(65 * 1024)) }],
    [415, 'UNSUPPORTED_MEDIA_TYPE', 'POST', '/api/orders', { body: 'a=b', headers: { 'content-type': 'text/plain' } }],
    [401, 'SIGNATURE_INVALID', 'POST', '/webhooks/carrier', { body: '{}' }],
    [
      401,
      'SIGNATURE_INVALID',
      'POST',
      '/webhooks/carrier',
      { body: '{}', headers: { 'x-carrier-signature': signed('{} ') } },
    ],
    [
      400,
      'VALIDATION_FAILED',
      'POST',
      '/webhooks/carrier',
      { body: '{}', headers: { 'x-carrier-signature': signed('{}') } },
    ],
  ])('%i %s: %s %s %j', async (status, code, method, path, options) => {
    const response = await ask(method, path, options);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await response.json()).toMatchObject({ status, code, requestId: expect.any(String) as string });
    expect(response.status).toBe(status);
  });

  test('a body that is too large is told how large one may be', async () => {
    const asOperator = { headers: { authorization: `Bearer ${operator}`, 'accept-language': 'en' } };
    const answered = async (path: string, bytes: number) =>
      (await (await ask('POST', path, { body: JSON.stringify('x'.repeat(bytes)), ...asOperator })).json()) as object;
    expect(await answered('/api/orders', 65 * 1024)).toMatchObject({
      detail: 'A body may have 65536 bytes here.',
      limitBytes: 65_536,
    });
    expect(await answered('/api/ops/dead-letters/coupon.issue.DLT/0/1/replay', 4_194_304)).toMatchObject({
      detail: 'A body may have 4194304 bytes here.',
      limitBytes: 4_194_304,
    });
  });

  test.each([
    ['a topic', '?topic=a%00b'],
    ['a cause', '?code=a%00b'],
    ['the topic of a group', '/groups?topic=%00'],
    ['a place', '/coupon.issue%00/0/1'],
  ])('U+0000 in %s is refused before the database sees it', async (_where, path) => {
    const response = await ask('GET', `/api/ops/dead-letters${path}`, {
      headers: { authorization: `Bearer ${operator}` },
    });
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'VALIDATION_FAILED' }]);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  test('speaks Korean, and English to who prefers it', async () => {
    const korean = (await (await ask('GET', '/nothing')).json()) as { title: string };
    const headers = { 'accept-language': 'en-GB,en;q=0.9,ko;q=0.5' };
    const english = (await (await ask('GET', '/nothing', { headers })).json()) as { title: string };
    expect(korean.title).toBe('경로를 찾을 수 없습니다');
    expect(english.title).toBe('No such route');
  });
});

describe('what goes round every request', () => {
  test('the id of the request is kept or given, and helmet’s headers are there', async () => {
    const response = await ask('GET', '/livez', { headers: { 'x-request-id': 'mine-1' } });
    expect(response.headers.get('x-request-id')).toBe('mine-1');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect((await ask('GET', '/livez')).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('metrics know the route’s template, not the order', async () => {
    await ask('GET', '/api/orders/12x');
    const text = await (await ask('GET', '/metrics')).text();
    expect(text).toContain('route="/api/orders/:orderId",status="404"');
    expect(text).not.toContain('12x');
  });

  test('the log has no token, wherever it came', async () => {
    const headers = { 'x-request-id': 'with-a-token' };
    await ask('GET', `/nothing?access_token=${token}`, { headers });
    let lines = '';
    while (!lines.includes('with-a-token')) {
      await new Promise(setImmediate);
      lines += String(logged.read() ?? '');
    }
    expect(lines).toContain('/nothing');
    expect(lines).not.toContain(token);
  });
});

describe('the documentation', () => {
  test('names every route there is, and no other', () => {
    const undocumented = ['get /livez', 'get /readyz', 'get /metrics', 'get /openapi.json', 'get /docs'];
    const { paths } = openApiDocument() as { paths: Record<string, Record<string, unknown>> };
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    );
    expect([...documented, ...undocumented].sort()).toEqual(routesOf(app).sort());
  });

  test('tells each way of being refused a coupon, under its status', () => {
    const { paths } = openApiDocument() as { paths: Record<string, Record<string, Described>> };
    const described = paths['/api/coupons/{code}/requests']?.post;
    for (const code of COUPON_REFUSALS)
      expect(described?.responses[problemStatus(code)]?.description).toContain(`${code}: `);
  });

  test('names what a list may be asked for, and the answer of a dry run beside that of a decision', () => {
    const { paths } = openApiDocument() as { paths: Record<string, Record<string, Described>> };
    const asked = (path: string) => paths[path]?.get?.parameters.map(({ name }) => name);
    expect(asked('/api/ops/dead-letters')).toEqual(expect.arrayContaining(['topic', 'state', 'limit', 'skip']));
    expect(asked('/api/ops/outbox')).toEqual(['limit']);
    expect(asked('/api/orders')).toEqual(['limit', 'before']);
    const statuses = (path: string) =>
      Object.keys(paths[path]?.post?.responses ?? {}).filter((status) => status.startsWith('2'));
    const deadLetter = '/api/ops/dead-letters/{topic}/{partition}/{offset}';
    for (const path of [`${deadLetter}/replay`, `${deadLetter}/discard`, '/api/ops/sagas/{orderId}/resolve'])
      expect({ path, statuses: statuses(path) }).toEqual({ path, statuses: ['200', '202'] });
    expect(statuses('/api/orders/{orderId}/cancel')).toEqual(['202']);
  });

  test('is one page without scripts', async () => {
    const page = await (await ask('GET', '/docs')).text();
    expect(page).toContain('process-payment-shipment');
    expect(page).not.toMatch(/<script|src=|https?:\/\//);
  });
});

function signed(body: string): string {
  return `sha256=${createHmac('sha256', CARRIER_SECRET).update(body).digest('hex')}`;
}

interface Described {
  readonly parameters: readonly { readonly name: string }[];
  readonly responses: Readonly<Record<number, { readonly description: string }>>;
}

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Record<string, boolean> };
  readonly handle?: { readonly stack?: Layer[] };
}

function routesOf(express: Express): string[] {
  const layers = (stack: Layer[]): string[] =>
    stack.flatMap(({ route, handle }) =>
      route ? Object.keys(route.methods).map((method) => `${method} ${route.path}`) : layers(handle?.stack ?? []),
    );
  return layers((express as unknown as { router: { stack: Layer[] } }).router.stack);
}
