import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Express, Response } from 'express';
import pino from 'pino';
import { z } from 'zod';
import { PROBLEM_CODES } from '../contracts/problems';
import { TOPICS } from '../contracts/topics';
import { COUPON_REFUSALS } from '../domain/coupon';
import { Metrics } from '../observability/metrics';
import type { ApiContext } from './context';
import { openApiDocument } from './openapi';
import { Pages } from './pages';
import { ProblemError, problemBody, problemStatus } from './problem';
import type { Route } from './route';
import { ROUTES } from './routes';
import { createApp } from './server';

const built = mkdtempSync(join(tmpdir(), 'ordersaga-pages-'));
mkdirSync(join(built, 'assets'));
writeFileSync(join(built, 'docs.html'), '<script nonce="CSP_NONCE" src="/assets/docs-1.js"></script>');
for (const [suffix, text] of Object.entries({ '': 'plain', '.br': 'by brotli', '.gz': 'by gzip' }))
  writeFileSync(join(built, 'assets', `docs-1.js${suffix}`), text);

const context = {
  settings: {},
  metrics: new Metrics('api'),
  logger: pino({ enabled: false }),
  pages: new Pages(built),
} as unknown as ApiContext;

const namedOrder = z.object({ another: z.string() }).meta({ id: 'Order' });

let app: Express;
let server: Server;

beforeAll(async () => {
  app = createApp(context);
  server = createServer(app).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
  rmSync(built, { recursive: true });
});

async function ask(method: string, path: string, { headers = {} }: { headers?: Record<string, string> } = {}) {
  const { port } = server.address() as AddressInfo;
  return fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
}

describe('the documentation', () => {
  test('names every route there is, and no other', () => {
    const undocumented = [
      ...['get /openapi.json', 'get /asyncapi.json', 'get /docs', 'get /docs/events'],
      ...['get /problems', 'get /problems/:slug', 'get /track/:orderId', 'get /embed.js'],
      ...['get /auth/sign-in', 'get /auth/callback', 'get /auth/link'],
    ];
    const { paths } = openApiDocument(ROUTES) as { paths: Record<string, Record<string, unknown>> };
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    );
    expect([...documented, ...undocumented].sort()).toEqual(routesOf(app).sort());
  });

  test('has each named schema once, and takes a name for one schema only', () => {
    const { components } = openApiDocument(ROUTES) as { components: { schemas: Record<string, object> } };
    expect(Object.keys(components.schemas)).toEqual(expect.arrayContaining(['Order', 'SagaDetails', 'TimelineEntry']));
    const [first] = ROUTES;
    const another = { ...first, at: 'GET /api/orders', response: { ...first.response, data: namedOrder } } as Route;
    expect(() => openApiDocument([...ROUTES, another])).toThrow('Two schemas of the API have the id Order');
  });

  test('lists each refusal of a coupon, under its status', () => {
    const { paths } = openApiDocument(ROUTES) as { paths: Record<string, Record<string, Described>> };
    const described = paths['/api/coupons/{code}/requests']?.post;
    for (const code of COUPON_REFUSALS)
      expect(described?.responses[problemStatus(code)]?.description).toContain(`${code}: `);
  });

  test('names the query parameters of a list, and the response of a dry run beside that of a decision', () => {
    const { paths } = openApiDocument(ROUTES) as { paths: Record<string, Record<string, Described>> };
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

  test('has a page for each problem, which is its type, in both languages', async () => {
    for (const code of PROBLEM_CODES) {
      for (const language of ['ko', 'en'] as const) {
        const { type, title, status } = problemBody(code, language);
        const response = await ask('GET', type, { headers: { 'accept-language': language } });
        const page = await response.text();
        expect([code, response.status]).toEqual([code, 200]);
        for (const text of [`lang="${language}"`, `<h1>${title}</h1>`, `<dd>${status}</dd>`, code])
          expect(page).toContain(text);
      }
    }
    expect((await ask('GET', '/problems/no-such-problem')).status).toBe(404);
  });

  test('lists all problems, and chooses the language by its address before the header', async () => {
    const page = await (await ask('GET', '/problems?lang=ko', { headers: { 'accept-language': 'en' } })).text();
    for (const code of PROBLEM_CODES) expect(page).toContain(`<code>${code}</code>`);
    expect(page).toContain('<html lang="ko">');
  });

  test('describes every topic, on a page and for machines', async () => {
    const page = await (await ask('GET', '/docs/events')).text();
    const { channels } = (await (await ask('GET', '/asyncapi.json')).json()) as { channels: Record<string, object> };
    expect(Object.keys(channels).sort()).toEqual(Object.values(TOPICS).sort());
    for (const topic of Object.values(TOPICS)) expect(page).toContain(`<h2 id="${topic}">`);
  });

  test('runs no script and no style but its own', async () => {
    const response = await ask('GET', '/problems');
    const policy = response.headers.get('content-security-policy') ?? '';
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1];
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(await response.text()).toContain(`<style nonce="${nonce}">`);
    expect((await ask('GET', '/problems')).headers.get('content-security-policy')).not.toBe(policy);
  });

  test('says what to do where its reference is not built', () => {
    expect(() => new Pages(undefined).send({} as Response, 'docs')).toThrow(new ProblemError('PAGES_NOT_BUILT'));
  });

  test('has a reference whose script alone may run', async () => {
    const response = await ask('GET', '/docs');
    const nonce = /script-src 'self' 'nonce-([^']+)'/.exec(response.headers.get('content-security-policy') ?? '')?.[1];
    expect(await response.text()).toBe(`<script nonce="${nonce}" src="/assets/docs-1.js"></script>`);
  });

  test.each([
    ['br, gzip', 'br', 'by brotli'],
    ['gzip', 'gzip', 'by gzip'],
    ['deflate', undefined, 'plain'],
  ])('sends its files as the reader takes them: %s', async (accepted, encoding, text) => {
    const { port } = server.address() as AddressInfo;
    const asked = get({ port, path: '/assets/docs-1.js', headers: { 'accept-encoding': accepted } });
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    expect(response.headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': 'text/javascript; charset=utf-8',
      vary: expect.stringContaining('Accept-Encoding'),
    });
    expect(response.headers['content-encoding']).toBe(encoding);
    expect((await response.setEncoding('utf8').toArray()).join('')).toBe(text);
  });

  test.each(['/assets/docs-2.js', '/assets/', '/assets/..%2fdocs.html', '/assets/docs-1.js.br'])(
    'has no file %s',
    async (path) => {
      expect((await ask('GET', path)).status).toBe(404);
    },
  );
});

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
