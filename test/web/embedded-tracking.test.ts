import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { accessibilityViolations, openBrowser, openPage } from '../support/browser';
import { Fixture } from '../support/fixture';

describe('an order on a page of the shop', () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  let browser: Browser | undefined;
  let shopsServer: Server;
  let shopsOrigin: string;
  let api: string;
  let page = '';

  beforeAll(async () => {
    browser = await openBrowser();
    shopsServer = createServer((_request, response) => {
      const head = { 'content-type': 'text/html', 'content-security-policy': `script-src ${api}; connect-src ${api}` };
      response.writeHead(200, head).end(page);
    }).listen(0, '127.0.0.1');
    await once(shopsServer, 'listening');
    shopsOrigin = `http://127.0.0.1:${(shopsServer.address() as AddressInfo).port}`;
    api = (await fixture.another('api', shop.system, { EMBED_ORIGINS: shopsOrigin })).url;
  });
  afterAll(async () => {
    await browser?.close();
    shopsServer.close();
    shopsServer.closeAllConnections();
  });

  test('is shown where it is, and moves by itself', async () => {
    if (!browser) return;
    const { orderId } = await shop.payableOrder();
    const link = await linkTo(orderId);
    page = `<!doctype html><html lang="en"><title>Shop</title><main><h1>Thank you</h1>
<script async src="${api}/embed.js"></script>
<ordersaga-tracking lang="en" href="${api}/track/${orderId}?link=${link}"></ordersaga-tracking></main></html>`;
    const { page: opened, faults } = await openPage(browser, shopsOrigin);
    await opened.getByText('Waiting for payment').waitFor();
    expect(await accessibilityViolations(opened)).toEqual([]);
    await shop.pay(orderId);
    await opened.getByText('Preparing').waitFor();
    expect(await opened.locator('progress').getAttribute('value')).toBe('55');
    // As a framework makes it: its attributes come later, and change.
    await opened.evaluate(`
      document.querySelector('ordersaga-tracking').remove();
      const element = document.body.appendChild(document.createElement('ordersaga-tracking'));
      element.setAttribute('lang', 'ko');
      element.setAttribute('href', ${JSON.stringify(`${api}/track/${orderId}?link=${link}`)});`);
    await opened.getByText('상품 준비 중').waitFor();
    expect(faults.filter((fault) => !fault.startsWith(api))).toEqual([]);
    await opened.context().close();
  });

  test('is read by no other origin, nor without its link', async () => {
    const [{ orderId }, other] = await Promise.all([shop.payableOrder(), shop.payableOrder()]);
    const link = await linkTo(orderId);
    const ask = (order: number, search: string, origin: string) =>
      fetch(`${api}/api/orders/${order}/status${search}`, { headers: { origin } });
    const allowed = await ask(orderId, `?link=${link}`, shopsOrigin);
    expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([200, shopsOrigin]);
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull();
    const foreign = await ask(orderId, `?link=${link}`, 'https://evil.example');
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
    expect((await ask(other.orderId, `?link=${link}`, shopsOrigin)).status).toBe(401);
    expect((await ask(orderId, '', shopsOrigin)).status).toBe(401);
    const cancel = await fetch(`${api}/api/orders/${orderId}/cancel?link=${link}`, { method: 'POST' });
    expect(cancel.status).toBe(401);
  });

  async function linkTo(orderId: number): Promise<string> {
    const { body } = await shop.call<{ url: string }>('POST', `/api/orders/${orderId}/tracking-links`);
    return new URL(body.data.url).searchParams.get('link') as string;
  }
});
