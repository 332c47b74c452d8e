import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import type { Express } from 'express';
import pino from 'pino';
import { z } from 'zod';
import { createDevelopmentToken } from '../cli/development-token';
import { Metrics } from '../observability/metrics';
import { createAuthentication } from './access/bearer-tokens';
import { createIdentification } from './access/identification';
import { Sessions } from './access/sessions';
import type { TrackingLinks } from './access/tracking-links';
import type { ApiContext } from './context';
import { Pages } from './pages';
import type { Route } from './route';
import { ROUTES } from './routes';
import { partsOf } from './serve';
import { createApp } from './server';

const SECRET = 'a secret of at least thirty-two characters';
const CARRIER_SECRET = 'what the carrier knows';
const settings = { JWT_SECRET: SECRET, CARRIER_WEBHOOK_SECRET: CARRIER_SECRET, CURRENCY: 'KRW' };
const sessions = new Sessions({ SESSION_SECRET: SECRET, SESSION_TTL_MS: 60_000, PUBLIC_URL: undefined });
const metrics = new Metrics('api');
const logged = new PassThrough();

/** These tests are responded to before any database is used. */
const context = {
  settings,
  metrics,
  logger: pino(logged),
  identify: createIdentification(createAuthentication(settings), sessions, {} as TrackingLinks),
  sessions,
  pages: new Pages(undefined),
} as unknown as ApiContext;

let app: Express;
let server: Server;
let token: string;
let operator: string;

beforeAll(async () => {
  app = createApp(context);
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
    [405, 'METHOD_NOT_ALLOWED', 'DELETE', '/api/orders', {}],
    [405, 'METHOD_NOT_ALLOWED', 'POST', '/api/orders/17/', { body: '{' }],
    [405, 'METHOD_NOT_ALLOWED', 'GET', '/webhooks/carrier', {}],
    [404, 'NOT_FOUND', 'POST', '/api/orders/17/nothing', {}],
    [400, 'VALIDATION_FAILED', 'GET', '/api/products?page=2', {}],
    [400, 'VALIDATION_FAILED', 'GET', '/api/orders?page=2', {}],
    [401, 'SIGNATURE_INVALID', 'POST', '/webhooks/carrier?source=carrier', { body: '{}' }],
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

  test('a body that is too large gets the limit in its refusal', async () => {
    const asOperator = { headers: { authorization: `Bearer ${operator}`, 'accept-language': 'en' } };
    const refused = async (path: string, bytes: number) =>
      (await (await ask('POST', path, { body: JSON.stringify('x'.repeat(bytes)), ...asOperator })).json()) as object;
    expect(await refused('/api/orders', 65 * 1024)).toMatchObject({
      detail: 'A body may have 65536 bytes here.',
      limitBytes: 65_536,
    });
    expect(await refused('/api/ops/dead-letters/coupon.issue.DLT/0/1/replay', 4_194_304)).toMatchObject({
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

  test('a known path with another method lists its methods', async () => {
    const allowed = async (method: string, path: string) => (await ask(method, path)).headers.get('allow');
    expect(await allowed('DELETE', '/api/orders')).toBe('POST, GET, HEAD, OPTIONS');
    expect(await allowed('POST', '/api/orders/17')).toBe('GET, HEAD, OPTIONS');
    expect(await allowed('PUT', '/api/coupons/requests/requests')).toBe('POST, GET, HEAD, OPTIONS');
    const options = await ask('OPTIONS', '/api/orders/17/cancel');
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'POST, OPTIONS']);
  });

  test('every error of a response is in the language of its title', async () => {
    const body = JSON.stringify({
      lines: [{ sku: 'a b', quantity: 'x', more: 1 }, { sku: 'a b' }],
      couponCode: '',
      x: 1,
    });
    const refused = async (language: string) => {
      const headers = { 'accept-language': language, 'idempotency-key': 'k-1' };
      const response = await ask('POST', '/api/orders', { body, headers });
      return ((await response.json()) as { errors: { path: string; message: string }[] }).errors;
    };
    const [korean, english] = [await refused('ko'), await refused('en')];
    expect(korean.map(({ path }) => path)).toEqual(english.map(({ path }) => path));
    expect(korean.length).toBeGreaterThanOrEqual(7);
    for (const { message } of korean) expect(message).toMatch(/[가-힣]/);
    for (const { message } of english) expect(message).not.toMatch(/[가-힣]/);
  });
});

describe('what goes round every request', () => {
  test('the id of the request is kept or given, and helmet’s headers are there', async () => {
    const response = await ask('GET', '/livez', { headers: { 'x-request-id': 'mine-1' } });
    expect(response.headers.get('x-request-id')).toBe('mine-1');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect((await ask('GET', '/livez?probe=1')).status).toBe(200);
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

describe('the definition of a route', () => {
  const routes: readonly Route[] = ROUTES;
  const named = routes.map((route): [string, Route] => [route.at, route]);

  test('has an operationId of its own', () => {
    expect(new Set(routes.map(({ id }) => id)).size).toBe(routes.length);
  });

  test.each(named)('%s has examples that its schemas take', (_at, { params, body, response }) => {
    const examples = (schema: z.ZodType) => (schema.meta()?.examples ?? []) as unknown[];
    const schemas = [
      ...Object.values(params instanceof z.ZodObject ? params.shape : {}),
      ...(body ? [body] : []),
      ...('raw' in response ? [] : [response.data instanceof z.ZodArray ? response.data.element : response.data]),
    ] as z.ZodType[];
    for (const schema of schemas) {
      expect(examples(schema).length).toBeGreaterThan(0);
      for (const example of examples(schema)) expect(schema.safeParse(example).error).toBeUndefined();
    }
  });

  test.each(named.filter(([, { body, access }]) => body && access !== 'carrier'))(
    '%s refuses unknown fields, in the query and at every level of the body',
    async (at, route) => {
      const { path, method } = partsOf(route);
      const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => (name === 'partition' ? '0' : '17'));
      const headers = { authorization: `Bearer ${operator}` };
      const paths = async (suffix: string, body: unknown) => {
        const response = await ask(method, filled + suffix, { headers, body: JSON.stringify(body) });
        return [response.status, await response.json()];
      };
      const [example] = (route.body?.meta()?.examples ?? []) as object[];
      expect(await paths('?unknown=1', example)).toMatchObject([400, { code: 'VALIDATION_FAILED' }]);
      for (const body of withUnknown(example)) {
        expect({ at, body, response: await paths('', body) }).toMatchObject({
          response: [400, { code: 'VALIDATION_FAILED' }],
        });
      }
    },
  );
});

/** The same value with a field that nothing knows, in each of its objects in turn. */
function withUnknown(value: unknown): unknown[] {
  if (Array.isArray(value))
    return value.flatMap((item, at) => withUnknown(item).map((changed) => value.with(at, changed)));
  if (typeof value !== 'object' || value === null) return [];
  return [
    { ...value, unknownField: 1 },
    ...Object.entries(value).flatMap(([name, inner]) =>
      withUnknown(inner).map((changed) => ({ ...value, [name]: changed })),
    ),
  ];
}

function signed(body: string): string {
  return `sha256=${createHmac('sha256', CARRIER_SECRET).update(body).digest('hex')}`;
}
