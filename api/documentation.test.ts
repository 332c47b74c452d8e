import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import pino from 'pino';
import { PROBLEM_CODES } from '../contracts/problems';
import { TOPICS } from '../contracts/topics';
import { COUPON_REFUSALS } from '../domain/coupon';
import { Metrics } from '../observability/metrics';
import type { ApiContext } from './context';
import { openApiDocument } from './openapi';
import { Pages } from './pages';
import { problemBody, problemStatus } from './problem';
import { ROUTES } from './routes';
import { createApp } from './server';

const context = {
  settings: {},
  metrics: new Metrics('api'),
  logger: pino({ enabled: false }),
  pages: new Pages(undefined),
} as unknown as ApiContext;

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
});

async function ask(method: string, path: string, { headers = {} }: { headers?: Record<string, string> } = {}) {
  const { port } = server.address() as AddressInfo;
  return fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
}

describe('the documentation', () => {
  test('names every route there is, and no other', () => {
    const undocumented = [
      ...['get /openapi.json', 'get /asyncapi.json', 'get /docs', 'get /docs/events'],
      ...['get /problems', 'get /problems/:slug'],
    ];
    const { paths } = openApiDocument(ROUTES) as { paths: Record<string, Record<string, unknown>> };
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    );
    expect([...documented, ...undocumented].sort()).toEqual(routesOf(app).sort());
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

  test('says what to do where its reference is not built', async () => {
    const response = await ask('GET', '/docs');
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([503, 'PAGES_NOT_BUILT']);
  });
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
