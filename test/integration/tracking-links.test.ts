import { sign } from '../../api/access/sealed';
import { Fixture } from '../support/fixture';
import { WebVisitor } from '../support/web-visitor';

describe("a link to an order's page", () => {
  const shop = new Fixture().shop();

  test('opens this order to somebody who has not signed in, and nothing else', async () => {
    const [{ orderId }, other] = await Promise.all([shop.payableOrder(), shop.payableOrder()]);
    const visitor = new WebVisitor();
    expect(await statusOf(visitor, `/api/orders/${orderId}`)).toBe(401);
    const page = await visitor.fetch(await linkTo(orderId));
    expect([page.status, page.headers.get('location')]).toEqual([303, `/track/${orderId}`]);
    expect(page.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Lax/);
    for (const path of ['', '/status', '/events'])
      expect(await statusOf(visitor, `/api/orders/${orderId}${path}`)).toBe(200);
    expect(await statusOf(visitor, `/api/orders/${other.orderId}`)).toBe(401);
    expect(await statusOf(visitor, '/api/orders')).toBe(401);
    expect(await statusOf(visitor, '/api/ops/items')).toBe(401);
    // Nor where the browser would send the cookie all the same.
    const cookie = (page.headers.get('set-cookie') as string).split(';')[0] as string;
    for (const path of [`/api/orders/${other.orderId}`, '/api/orders', '/api/ops/items', `/api/ops/sagas/${orderId}`]) {
      const { status } = await fetch(`${shop.system.api}${path}`, { headers: { cookie } });
      expect([path, [401, 403].includes(status)]).toEqual([path, true]);
    }
  });

  test('lets its customer pay, to the address of before, and cancel', async () => {
    const { orderId } = await shop.payableOrder();
    const visitor = new WebVisitor();
    await visitor.fetch(await linkTo(orderId));
    expect(await pay(visitor, orderId, 'tok_declined')).toEqual([422, 'SHIPMENT_MISSING']);
    await shop.pay(orderId, { token: 'tok_declined' });
    await shop.attemptEnds(orderId);
    expect(await pay(visitor, orderId, 'tok_visa')).toEqual([202, undefined]);
    await shop.reaches(orderId, 'PREPARING');
    const requests = await shop.db('processing_requests').where({ order_id: orderId }).orderBy('created_at');
    const [first, second] = requests.map(({ event }) => event.requestDto);
    expect(second.shipment).toEqual(first.shipment);
    const { data } = (await (await visitor.fetch(`${shop.system.api}/api/orders/${orderId}`)).json()) as {
      data: { trackingNumber?: string };
    };
    expect(data.trackingNumber).toMatch(/./);
    const cancelled = await visitor.fetch(
      `${shop.system.api}/api/orders/${orderId}/cancel`,
      post({ reason: 'By link' }),
    );
    expect(cancelled.status).toBe(202);
    await shop.reaches(orderId, 'CANCELLED', 'SETTLED');
  });

  test('is closed by its reader', async () => {
    const { orderId } = await shop.payableOrder();
    const visitor = new WebVisitor();
    await visitor.fetch(await linkTo(orderId));
    expect(await statusOf(visitor, `/api/orders/${orderId}`)).toBe(200);
    await visitor.fetch(`${shop.system.api}/auth/sign-out?orderId=${orderId}`, { method: 'POST' });
    expect(await statusOf(visitor, `/api/orders/${orderId}`)).toBe(401);
  });

  test('ends, and is good for no other order; both lead to a page that says so', async () => {
    const { orderId } = await shop.payableOrder();
    const secret = shop.system.sessionSecret;
    const link = (order: number, expiresAt: number) => sign(secret, 'tracking-link', { order }, expiresAt);
    const ended = await link(orderId, Date.now() - 1_000);
    const another = await link(orderId + 1, Date.now() + 60_000);
    const session = await sign(secret, 'sign-in-link', { order: orderId }, Date.now() + 60_000);
    for (const token of [ended, another, session, 'nonsense']) {
      const visitor = new WebVisitor();
      const response = await visitor.fetch(`${shop.system.api}/track/${orderId}?link=${token}`);
      expect([response.status, response.headers.get('location')]).toEqual([303, `/track/${orderId}?link=expired`]);
      expect(await statusOf(visitor, `/api/orders/${orderId}`)).toBe(401);
    }
  });

  test("is made by the order's customer and by operators", async () => {
    const { orderId } = await shop.payableOrder();
    const make = async (token: string) =>
      (await shop.call('POST', `/api/orders/${orderId}/tracking-links`, { token })).status;
    expect(await make(await shop.token())).toBe(201);
    expect(await make(await shop.operatorToken())).toBe(201);
    expect(await make(await shop.token('thief@example.com'))).toBe(404);
  });

  test('made with a link ends with it', async () => {
    const { orderId } = await shop.payableOrder();
    const visitor = new WebVisitor();
    const expiresAt = Math.floor(Date.now() / 1_000) * 1_000 + 60_000;
    const link = await sign(shop.system.sessionSecret, 'tracking-link', { order: orderId }, expiresAt);
    await visitor.fetch(`${shop.system.api}/track/${orderId}?link=${link}`);
    const response = await visitor.fetch(`${shop.system.api}/api/orders/${orderId}/tracking-links`, { method: 'POST' });
    const { data } = (await response.json()) as { data: { expiresAt: string } };
    expect(Date.parse(data.expiresAt)).toBe(expiresAt);
  });

  async function linkTo(orderId: number): Promise<string> {
    const { body } = await shop.call<{ url: string }>('POST', `/api/orders/${orderId}/tracking-links`);
    return body.data.url;
  }

  async function statusOf(visitor: WebVisitor, path: string): Promise<number> {
    const response = await visitor.fetch(`${shop.system.api}${path}`);
    await response.body?.cancel();
    return response.status;
  }

  async function pay(visitor: WebVisitor, orderId: number, token: string): Promise<unknown[]> {
    const body = { paymentRequest: { method: 'CARD', token } };
    const response = await visitor.fetch(
      `${shop.system.api}/api/orders/${orderId}/process-payment-shipment`,
      post(body),
    );
    return [response.status, ((await response.json()) as { code?: string }).code];
  }
});

const post = (body: object): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
