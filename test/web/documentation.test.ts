import type { Browser } from 'playwright-core';
import { accessibilityViolations, openBrowser, openPage } from '../support/browser';
import { Fixture } from '../support/fixture';

describe('the documentation in a browser', () => {
  const shop = new Fixture().shop();
  const address = (path: string) => `${shop.system.api}${path}`;
  let browser: Browser | undefined;

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  test('the reference has the guides and every operation, and asks no other host for anything', async () => {
    if (!browser) return;
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, faults } = await openPage(browser, address('/docs'), { colorScheme });
      await page.getByRole('heading', { name: 'Your first order' }).waitFor();
      await page.getByRole('heading', { name: 'Idempotency', exact: true }).waitFor();
      expect(await accessibilityViolations(page)).toEqual([]);
      expect(faults).toEqual([]);
      await page.context().close();
    }
  });

  test('a request is tried out from it, with the token of the reader', async () => {
    if (!browser) return;
    const sku = await shop.product(3);
    const { page, faults } = await openPage(browser, address('/docs#tag/orders/GET/api/products'));
    await page
      .getByPlaceholder('Token')
      .first()
      .fill(await shop.token());
    await page
      .getByRole('button', { name: /Test Request.*\/api\/products/i })
      .first()
      .click();
    const responded = page.waitForResponse(address('/api/products'));
    await page.getByRole('button', { name: /^Send/i }).first().click();
    const response = await responded;
    expect(response.status()).toBe(200);
    expect(await response.text()).toContain(sku);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test.each(['/problems', '/problems/order-not-found', '/docs/events'])('%s can be read by everybody', async (path) => {
    if (!browser) return;
    for (const colorScheme of ['light', 'dark'] as const)
      for (const lang of ['ko', 'en']) {
        const { page, faults } = await openPage(browser, address(`${path}?lang=${lang}`), { colorScheme });
        expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
        expect(await page.locator('html').getAttribute('lang')).toBe(lang);
        expect(await accessibilityViolations(page)).toEqual([]);
        expect(faults).toEqual([]);
        await page.context().close();
      }
  });
});
