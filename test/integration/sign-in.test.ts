import { signInPath } from '../../cli/development-sign-in';
import { freePorts } from '../../dev/stack/ports';
import { Fixture } from '../support/fixture';
import { type Account, startIssuer } from '../support/issuer';
import { WebVisitor } from '../support/web-visitor';

const ACCOUNTS: readonly Account[] = [
  { sub: 'user-kim', email: 'kim@example.com' },
  { sub: 'user-op', email: 'op@example.com', role: ['staff', 'operator'] },
  { sub: 'user-viewer', email: 'viewer@example.com', role: 'viewer' },
  { sub: 'user-nameless' },
];

describe('people sign in', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  /** An api of its own, whose issuer is `ACCOUNTS`'. */
  let api: string;

  beforeAll(async () => {
    const [port] = await freePorts(1);
    api = `http://127.0.0.1:${port}`;
    const client = {
      clientId: 'ordersaga',
      clientSecret: 'a secret of the client',
      redirectUri: `${api}/auth/callback`,
    };
    const issuer = fixture.use(await startIssuer({ ...client, accounts: ACCOUNTS }));
    await fixture.another('api', shop.system, {
      API_PORT: String(port),
      PUBLIC_URL: api,
      OIDC_ISSUER: issuer.url,
      OIDC_CLIENT_ID: client.clientId,
      OIDC_CLIENT_SECRET: client.clientSecret,
    });
  });

  test('at the identity provider, and are back where they were, with its claims', async () => {
    const visitor = new WebVisitor();
    const page = await signIn(visitor, 'user-op', '/problems?lang=en');
    expect(page.at).toBe(`${api}/problems?lang=en`);
    expect(await session(visitor)).toMatchObject({
      user: { userId: 'user-op', email: 'op@example.com', role: 'operator' },
      signIn: 'OIDC',
    });
    expect((await visitor.fetch(`${api}/api/ops/items`)).status).toBe(200);
    await visitor.fetch(`${api}/auth/sign-out`, { method: 'POST' });
    expect(await session(visitor)).toMatchObject({ user: null, expiresAt: null });
    expect((await visitor.fetch(`${api}/api/ops/items`)).status).toBe(401);
  });

  test('in two tabs at once', async () => {
    const visitor = new WebVisitor();
    const first = await visitor.open(`${api}/auth/sign-in?returnTo=/problems`);
    const second = await visitor.open(`${api}/auth/sign-in?returnTo=/docs/events`);
    expect((await consent(visitor, second, 'user-kim')).at).toBe(`${api}/docs/events`);
    expect((await visitor.submit(first, { login: 'user-kim', password: 'any' })).at).toBe(`${api}/problems`);
  });

  test('but not by what somebody else has begun, nor twice, nor without an email', async () => {
    const visitor = new WebVisitor();
    const victim = new WebVisitor();
    const login = await visitor.open(`${api}/auth/sign-in`);
    const callback = await callbackOf(visitor, login, 'user-kim');
    const html = { headers: { accept: 'text/html' } };
    expect((await victim.fetch(callback, html)).status).toBe(401);
    expect(await session(victim)).toMatchObject({ user: null });
    expect((await visitor.fetch(callback)).status).toBe(303);
    const again = await visitor.fetch(callback, html);
    expect(again.status).toBe(401);
    expect(await again.text()).toContain('href="/auth/sign-in"');
    const nameless = new WebVisitor();
    expect((await signIn(nameless, 'user-nameless')).response.status).toBe(401);
    expect(await session(nameless)).toMatchObject({ user: null });
  });

  test.each(['//evil.example', '/\\evil.example', 'https://evil.example', ''])(
    'and are not sent on to %s',
    async (returnTo) => {
      const response = await fetch(`${api}/auth/sign-in?returnTo=${encodeURIComponent(returnTo)}`, {
        redirect: 'manual',
      });
      expect(response.status).toBe(400);
    },
  );

  test('a viewer sees what operators see, and decides nothing', async () => {
    const viewer = new WebVisitor();
    await signIn(viewer, 'user-viewer');
    const { orderId } = await shop.payableOrder();
    for (const path of [`/api/ops/sagas/${orderId}`, '/api/ops/items', `/api/orders/${orderId}`])
      expect((await viewer.fetch(`${api}${path}`)).status).toBe(200);
    const body = JSON.stringify({ reason: 'of a viewer', decisionId: 'viewer-1', dryRun: true });
    for (const path of [`/api/ops/sagas/${orderId}/compensate`, `/api/orders/${orderId}/cancel`]) {
      const response = await viewer.fetch(`${api}${path}`, {
        method: 'POST',
        body: path.includes('ops') ? body : '{"reason":"no"}',
        ...JSON_BODY,
      });
      expect([response.status, (await json(response)).code]).toEqual([403, 'FORBIDDEN']);
    }
    const possible = async (token: string) => {
      const { body } = await shop.call<Record<string, unknown>>('GET', `/api/orders/${orderId}/status`, { token });
      return [body.data.canPay, body.data.canCancel];
    };
    expect(await possible(await shop.token('viewer@example.com', 'viewer'))).toEqual([false, false]);
    expect(await possible(await shop.operatorToken())).toEqual([false, true]);
    expect(await possible(await shop.token())).toEqual([true, true]);
    const link = await viewer.fetch(`${api}/api/orders/${orderId}/tracking-links`, { method: 'POST' });
    expect(link.status).toBe(403);
  });

  test('a page of another site changes nothing with their session', async () => {
    const visitor = new WebVisitor();
    await signIn(visitor, 'user-op');
    const sku = await shop.product(1);
    const put = async (headers: Record<string, string>) => {
      const body = JSON.stringify({ name: 'Mug', price: 1, stock: 1 });
      const request = { method: 'PUT', body, headers: { ...JSON_BODY.headers, ...headers } };
      return (await visitor.fetch(`${api}/api/ops/products/${sku}`, request)).status;
    };
    expect(await put({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await put({ 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await put({ origin: 'https://evil.example' })).toBe(403);
    expect(await put({ origin: 'null' })).toBe(403);
    expect(await put({ 'sec-fetch-site': 'same-origin', origin: api })).toBe(200);
    expect(await put({ origin: api })).toBe(200);
    const signOut = { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } };
    expect((await visitor.fetch(`${api}/auth/sign-out`, signOut)).status).toBe(403);
  });

  test('an issuer that does not respond is said to be unavailable, and the api works', async () => {
    const [port, silent] = await freePorts(2);
    const role = await fixture.another('api', shop.system, {
      API_PORT: String(port),
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      OIDC_ISSUER: `http://127.0.0.1:${silent}`,
      OIDC_CLIENT_ID: 'ordersaga',
    });
    const response = await fetch(`${role.url}/auth/sign-in`, { redirect: 'manual' });
    expect([response.status, (await json(response)).code]).toEqual([503, 'SIGN_IN_UNAVAILABLE']);
    expect((await fetch(`${role.url}/api/payment-options`)).status).toBe(200);
  });

  test('by a link of development, in one browser', async () => {
    const path = await signInPath(shop.system.sessionSecret, {
      email: 'lee@example.com',
      role: 'viewer',
      returnTo: '/problems',
    });
    const visitor = new WebVisitor();
    const clicks = await Promise.all([1, 2, 3].map(() => visitor.fetch(`${shop.system.api}${path}`)));
    expect(clicks.map(({ status }) => status).sort()).toEqual([303, 401, 401]);
    const response = await visitor.fetch(`${shop.system.api}/api/session`);
    expect((await json(response)).data).toMatchObject({
      user: { email: 'lee@example.com', role: 'viewer' },
      signIn: 'LINK',
    });
    const forged = await signInPath('another secret of more than 32 characters', {
      email: 'lee@example.com',
      role: 'operator',
    });
    expect((await fetch(`${shop.system.api}${forged}`, { redirect: 'manual' })).status).toBe(401);
  });

  async function signIn(visitor: WebVisitor, sub: string, returnTo = '/problems') {
    return consent(visitor, await visitor.open(`${api}/auth/sign-in?returnTo=${encodeURIComponent(returnTo)}`), sub);
  }

  async function session(visitor: WebVisitor): Promise<unknown> {
    return (await json(await visitor.fetch(`${api}/api/session`))).data;
  }
});

const json = (response: Response) => response.json() as Promise<Record<string, unknown>>;

const JSON_BODY = { headers: { 'content-type': 'application/json' } } as const;

type Page = Awaited<ReturnType<WebVisitor['open']>>;

/** Logs in at the issuer, and consents that the client learns who it is. */
async function consent(visitor: WebVisitor, login: Page, sub: string): Promise<Page> {
  const consented = await visitor.submit(login, { login: sub, password: 'any' });
  return visitor.submit(consented, {});
}

/** The address to which the issuer sends the browser back, which it does not follow. */
async function callbackOf(visitor: WebVisitor, login: Page, sub: string): Promise<string> {
  const consented = await visitor.submit(login, { login: sub, password: 'any' });
  const followed: string[] = [];
  const watching = Object.assign(Object.create(visitor) as WebVisitor, {
    async fetch(url: string, init?: RequestInit) {
      followed.push(url);
      if (new URL(url).pathname === '/auth/callback') return new Response('', { status: 200 });
      return visitor.fetch(url, init);
    },
  });
  await watching.submit(consented, {});
  return followed.at(-1) as string;
}
