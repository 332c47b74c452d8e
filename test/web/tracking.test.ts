import { randomUUID } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import { sign } from '../../api/access/sealed';
import { signInPath } from '../../cli/development-sign-in';
import { ApiClient } from '../../client/client';
import { entryWords } from '../../web/language/entry-words';
import { accessibilityViolations, openBrowser, openPage } from '../support/browser';
import { Fixture } from '../support/fixture';
import { TcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';

const PHONE = { viewport: { width: 390, height: 844 }, locale: 'en-US' } as const;

describe("the order's page", () => {
  const fixture = new Fixture();
  const shop = fixture.shop();
  let browser: Browser | undefined;

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  test('follows an order to its end, with the network cut in the middle, and lets its customer give it back', async () => {
    if (!browser) return;
    const { orderId } = await shop.payableOrder();
    const network = fixture.use(await TcpProxy.to(shop.system.api));
    const { page } = await openPage(browser, network.through(await linkTo(orderId)), PHONE);
    await headline(page, 'Waiting for your payment');
    expect(page.url()).toBe(network.through(`${shop.system.api}/track/${orderId}`));
    await fillIn(page, ADDRESS);
    await page.getByRole('button', { name: /^Pay/ }).click();
    await headline(page, 'We are preparing your parcel');
    const { body } = await shop.call<{ trackingNumber: string }>('GET', `/api/orders/${orderId}`);
    await page.getByText(body.data.trackingNumber).waitFor();

    network.refuse();
    await page.getByText('Live updates are interrupted').waitFor();
    await shop.signal(orderId, 'shipmentUpdated', { eventId: randomUUID(), status: 'IN_TRANSIT' });
    await shop.reaches(orderId, 'IN_TRANSIT');
    expect(await page.getByRole('heading', { level: 2 }).first().textContent()).toContain('preparing');
    network.restore();
    await headline(page, 'Your parcel is on its way');
    await shop.signal(orderId, 'shipmentUpdated', { eventId: randomUUID(), status: 'DELIVERED' });
    await headline(page, 'Delivered');
    expect(await historyOf(page)).toEqual(await wordedEntries(orderId, 'COMPLETED'));

    await page.getByRole('button', { name: 'Ask for a refund' }).click();
    await page.getByLabel('Why do you ask for a refund?').fill('It does not fit');
    await page.getByRole('button', { name: 'Ask for the refund' }).click();
    await headline(page, 'Refunded');
    expect(await historyOf(page)).toEqual(await wordedEntries(orderId, 'REFUNDED'));
    await page.context().close();
  });

  test('a declined card is said, and another one is taken to the address of before', async () => {
    if (!browser) return;
    const { orderId } = await shop.payableOrder();
    const { page, faults } = await openPage(browser, await linkTo(orderId), PHONE);
    await page.getByRole('radio', { name: 'Test card that is declined' }).check();
    await page.getByRole('button', { name: /^Pay/ }).click();
    expect(await page.getByText('Please fill this in').count()).toBe(Object.keys(ADDRESS).length);
    await fillIn(page, ADDRESS);
    await page.getByRole('button', { name: /^Pay/ }).click();
    await headline(page, 'The payment did not go through');
    await page.getByText('The card was declined.').first().waitFor();
    await page.getByRole('radio', { name: 'Visa test card' }).check();
    await page.getByRole('button', { name: /^Pay/ }).click();
    await headline(page, 'We are preparing your parcel');
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test('a part that cannot be loaded takes nothing else off the page, and is loaded later', async () => {
    if (!browser) return;
    const { orderId } = await shop.payableOrder();
    const { page } = await openPage(browser, await expiredLinkTo(orderId), PHONE);
    let isCut = true;
    let tries = 0;
    await page.route(/payment-form.*\.js/, (route) => {
      tries += 1;
      return isCut ? route.abort() : route.continue();
    });
    await page.goto(await linkTo(orderId));
    await headline(page, 'Waiting for your payment');
    await until(
      'a try to load the form',
      async () => tries,
      (count) => count > 0,
    );
    await page.getByText('Your items were set aside').waitFor();
    isCut = false;
    await page.getByRole('button', { name: /^Pay/ }).waitFor();
    await page.context().close();
  });

  test('an order is cancelled from it', async () => {
    if (!browser) return;
    const orderId = await shop.paidOrder();
    await shop.reaches(orderId, 'PREPARING');
    const { page, faults } = await openPage(browser, await linkTo(orderId), PHONE);
    await page.getByRole('button', { name: 'Cancel the order' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Cancel the order' }).click();
    await dialog.getByText('Please say why, in a few words').waitFor();
    await dialog.getByLabel('Why do you cancel?').fill('Ordered by mistake');
    await dialog.getByRole('button', { name: 'Cancel the order' }).click();
    await headline(page, 'Cancelled');
    expect((await shop.status(orderId)).status).toBe('CANCELLED');
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("another customer's order is not shown, nor one by a link that has ended", async () => {
    if (!browser) return;
    const { orderId } = await shop.payableOrder();
    const { page } = await openPage(browser, await signInTo(orderId, 'thief@example.com'), PHONE);
    await page.getByText('We cannot find this order').waitFor();
    await page.context().close();
    const { page: late } = await openPage(browser, await expiredLinkTo(orderId), PHONE);
    await late.getByText('This link has expired').waitFor();
    await late.context().close();
  });

  test('a session that has ended is said, and the page goes on where it was after the next sign-in', async () => {
    if (!browser) return;
    const { orderId } = await shop.payableOrder();
    const network = fixture.use(await TcpProxy.to(shop.system.api));
    const { page } = await openPage(browser, network.through(await signInTo(orderId, 'kim@example.com')), PHONE);
    await headline(page, 'Waiting for your payment');
    await page.getByRole('button', { name: /^Pay/ }).waitFor();
    await page.context().clearCookies();
    network.reset();
    await page.getByText('Your session has ended').first().waitFor();
    await page.goto(network.through(await signInTo(orderId, 'kim@example.com')));
    await headline(page, 'Waiting for your payment');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('Sign in to see your order').waitFor();
    await page.context().close();
  });

  test.each(['en-US', 'ko-KR'])('everybody can read it, in every state, in both themes (%s)', async (locale) => {
    if (!browser) return;
    const [payable, paid, gone] = await Promise.all([shop.payableOrder(), shop.paidOrder(), shop.payableOrder()]);
    await shop.call('POST', `/api/orders/${gone.orderId}/cancel`, { body: { reason: 'For this test' } });
    await Promise.all([shop.reaches(paid, 'PREPARING'), shop.reaches(gone.orderId, 'CANCELLED', 'SETTLED')]);
    await shop.signal(paid, 'shipmentUpdated', { eventId: randomUUID(), status: 'DELIVERED' });
    await shop.reaches(paid, 'COMPLETED', 'SETTLED');
    const network = fixture.use(await TcpProxy.to(shop.system.api));
    const { page } = await openPage(browser, await linkTo(payable.orderId), { ...PHONE, locale });
    const lookAt = async (state: string) => {
      await page.getByRole('heading', { level: 1 }).waitFor();
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect([state, colorScheme, await accessibilityViolations(page)]).toEqual([state, colorScheme, []]);
      }
    };
    await page.locator('input[name="address1"], [autocomplete="address-line1"]').first().waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe(locale.slice(0, 2));
    await lookAt('waiting for payment');
    for (const [state, orderId] of [
      ['delivered', paid],
      ['cancelled', gone.orderId],
    ] as const) {
      await page.goto(await linkTo(orderId));
      await page.locator('.history-entry').first().waitFor();
      await lookAt(state);
    }
    await page.goto(await expiredLinkTo(payable.orderId + 1_000_000));
    await lookAt('link expired');
    await page.goto(`${shop.system.api}/track/nonsense`);
    await lookAt('no such order');
    await page.goto(network.through(`${shop.system.api}/track/${payable.orderId}`));
    await page.locator('.history-entry').first().waitFor();
    network.refuse();
    await page.locator('[role=status], [role=alert]').first().waitFor();
    await lookAt('interrupted');
    await page.context().close();
  });

  async function linkTo(orderId: number): Promise<string> {
    const { body } = await shop.call<{ url: string }>('POST', `/api/orders/${orderId}/tracking-links`);
    return body.data.url;
  }

  async function expiredLinkTo(orderId: number): Promise<string> {
    const link = await sign(shop.system.sessionSecret, 'tracking-link', { order: orderId }, Date.now() - 1_000);
    return `${shop.system.api}/track/${orderId}?link=${link}`;
  }

  async function signInTo(orderId: number, email: string): Promise<string> {
    const path = await signInPath(shop.system.sessionSecret, {
      email,
      role: 'customer',
      returnTo: `/track/${orderId}`,
    });
    return `${shop.system.api}${path}`;
  }

  /** The times of all that a customer reads of the timeline, newest first. */
  async function wordedEntries(orderId: number, last: string): Promise<string[]> {
    const api = new ApiClient({ address: shop.system.api, token: await shop.token() });
    const times: string[] = [];
    for await (const entry of api.events(orderId)) {
      if (entryWords(entry)) times.unshift(entry.at);
      if (entry.data.to === last) break;
    }
    return times;
  }
});

const ADDRESS = {
  'Name of the recipient': 'Kim Minji',
  Phone: '010-0000-0000',
  'Postal code': '04524',
  Address: 'Sejong-daero 110',
};

async function fillIn(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  for (const [label, text] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(text);
}

/** What the page says first about the order. */
async function headline(page: Page, text: string): Promise<void> {
  await page.getByRole('heading', { name: text }).waitFor();
}

async function historyOf(page: Page): Promise<(string | null)[]> {
  const all = page.getByRole('button', { name: /^Show all/ });
  if (await all.isVisible()) await all.click();
  return page.locator('.history-entry time').evaluateAll((times) => times.map((time) => time.getAttribute('datetime')));
}
