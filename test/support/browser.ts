import { readFileSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findChromium } from '../../dev/stack/chromium';

/** Nothing of a machine that is slow may look like a fault of the page. */
const TIMEOUT_MS = 60_000;
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** A page with everything that went wrong on it. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors of its console and scripts, and requests to any other host. */
  readonly faults: readonly string[];
}

/** The browser of this machine; undefined, with a word on it, where there is none and none can be fetched. */
export async function openBrowser(): Promise<Browser | undefined> {
  const executablePath = await findChromium(() => undefined).catch((error: unknown) => {
    console.warn(`no browser can be fetched: ${(error as Error).message}`);
    return undefined;
  });
  if (executablePath) return chromium.launch({ executablePath, args: ['--no-sandbox'], timeout: TIMEOUT_MS });
  console.warn('the pages are not tried in a browser: install Chromium so that chromium is on PATH');
  return undefined;
}

export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && protocol !== 'blob:' && origin !== new URL(url).origin) faults.push(request.url());
  });
  await page.goto(url);
  return { page, faults };
}

/** What axe finds wrong for people who cannot see well, or use no mouse. */
export async function accessibilityViolations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
  });
}
