import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { developmentToken } from '../cli/access';
import { ApiClient } from '../client/client';
import { loadSettings } from '../config/load';
import { runMain } from '../processes/process';
import { findChromium } from './stack/chromium';

const FOLDER = join(__dirname, '..', 'docs', 'screenshots');
const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 } };
const DESKTOP: BrowserContextOptions = { viewport: { width: 1200, height: 800 } };
const ENGLISH = { locale: 'en-US' } as const;
const KOREAN = { locale: 'ko-KR' } as const;

const ADDRESS = {
  recipientName: 'Kim Minji',
  phone: '010-0000-0000',
  postalCode: '04524',
  address1: 'Sejong-daero 110',
  country: 'KR',
};

/** `node dev/run.mjs dev/screenshots.ts`: takes the screenshots of docs/ anew, on the stack that is up and its running roles. */
async function main(): Promise<void> {
  const { API_PORT, EMBED_ORIGINS } = loadSettings();
  const address = `http://127.0.0.1:${API_PORT}`;
  const customer = new ApiClient({ address, token: await developmentToken('kim@example.com', 'customer') });
  const operator = new ApiClient({ address, token: await developmentToken('operator@example.com', 'operator') });
  const executablePath = await findChromium(console.log);
  const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ['--no-sandbox'] });
  try {
    await new Screenshots(browser, customer, operator, EMBED_ORIGINS[0]).take();
  } finally {
    await browser.close();
  }
}

class Screenshots {
  constructor(
    private readonly browser: Browser,
    private readonly customer: ApiClient,
    private readonly operator: ApiClient,
    /** Whose page shows the embedded order, and where it is served meanwhile. */
    private readonly shopsOrigin: string | undefined,
  ) {}

  async take(): Promise<void> {
    await this.stock();
    const waiting = await this.order();
    await this.shoot('waiting-phone', waiting, { ...PHONE, ...KOREAN }, (page) => pay(page));
    const declined = await this.order('tok_declined');
    await this.shoot('declined-phone-dark', declined, { ...PHONE, ...ENGLISH, colorScheme: 'dark' }, (page) =>
      page.getByText('The payment did not go through').waitFor(),
    );
    const paid = await this.order('tok_visa');
    await this.shoot('preparing-desktop', paid, { ...DESKTOP, ...ENGLISH }, (page) =>
      page.getByText('We are preparing your parcel').waitFor(),
    );
    await this.shoot('preparing-desktop-dark', paid, { ...DESKTOP, ...KOREAN, colorScheme: 'dark' }, (page) =>
      page.getByText('상품을 준비하고 있습니다').first().waitFor(),
    );
    await this.shoot('cancel-phone', paid, { ...PHONE, ...ENGLISH }, async (page) => {
      await page.getByRole('button', { name: 'Cancel the order' }).click();
      await page.getByRole('dialog').waitFor();
    });
    await this.page(
      'expired-phone',
      `${this.customer.address}/track/${paid}?link=expired`,
      { ...PHONE, ...ENGLISH },
      (page) => page.getByText('This link has expired').waitFor(),
    );
    await this.page('reference-desktop', `${this.customer.address}/docs`, { ...DESKTOP, ...ENGLISH }, (page) =>
      page.getByRole('heading', { name: 'Your first order' }).waitFor(),
    );
    await this.embedded(paid);
  }

  private async stock(): Promise<void> {
    const products = [
      { sku: 'MUG', name: 'Stoneware mug, moss green', price: 12_000 },
      { sku: 'SHIRT', name: 'Organic cotton T-shirt (M)', price: 29_000 },
    ];
    for (const { sku, ...body } of products)
      await this.operator.call('PUT /api/ops/products/{sku}', { params: { sku }, body: { ...body, stock: 1_000 } });
  }

  /** Placed, and paid by this card if there is one, as far as it goes. */
  private async order(token?: string): Promise<number> {
    const body = {
      lines: [
        { sku: 'MUG', quantity: 2 },
        { sku: 'SHIRT', quantity: 1 },
      ],
    };
    const { orderId } = (await this.customer.call('POST /api/orders', { body })).data;
    for await (const { type, data } of this.customer.events(orderId)) {
      if (data.to === 'PENDING_PAYMENT' && data.from === 'CREATED') {
        if (token === undefined) break;
        const request = { paymentRequest: { method: 'CARD' as const, token }, shipment: ADDRESS };
        await this.customer.call('POST /api/orders/{orderId}/process-payment-shipment', {
          params: { orderId },
          body: request,
        });
      }
      if (data.to === 'PREPARING' || (type === 'request' && data.state === 'FAILED')) break;
    }
    return orderId;
  }

  private async link(orderId: number): Promise<string> {
    return (await this.operator.call('POST /api/orders/{orderId}/tracking-links', { params: { orderId } })).data.url;
  }

  private async shoot(
    name: string,
    orderId: number,
    options: BrowserContextOptions,
    ready: (page: Page) => Promise<unknown>,
  ): Promise<void> {
    await this.page(name, await this.link(orderId), options, ready);
  }

  private async page(
    name: string,
    url: string,
    options: BrowserContextOptions,
    ready: (page: Page) => Promise<unknown>,
  ): Promise<void> {
    const context = await this.browser.newContext(options);
    const page = await context.newPage();
    await page.goto(url);
    await ready(page);
    await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: 'disabled' });
    await context.close();
    console.log(`docs/screenshots/${name}.png`);
  }

  /** On a page of a shop, which has to be in EMBED_ORIGINS. */
  private async embedded(orderId: number): Promise<void> {
    if (this.shopsOrigin === undefined)
      return console.log('no embedded order: set EMBED_ORIGINS=http://127.0.0.1:3999');
    const { origin, searchParams } = new URL(await this.link(orderId));
    const href = `${origin}/track/${orderId}?link=${searchParams.get('link')}`;
    const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title>
<body style="font:1rem/1.6 Georgia,serif;max-width:40rem;margin:3rem auto"><h1>Thank you, Minji!</h1>
<p>A mug and a T-shirt are on their way to you soon. This is where they are:</p>
<script async src="${origin}/embed.js"></script>
<ordersaga-tracking lang="en" href="${href}"></ordersaga-tracking></body></html>`;
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end(html);
    }).listen(Number(new URL(this.shopsOrigin).port), '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      const options = { viewport: { width: 800, height: 500 }, ...ENGLISH };
      await this.page('embedded-desktop', `http://127.0.0.1:${port}`, options, (page) =>
        page.getByText('Preparing').waitFor(),
      );
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }
}

/** The form is there, and what is to be paid is on its button. */
async function pay(page: Page): Promise<void> {
  await page.locator('form button[type=submit]').waitFor();
}

runMain(main);
