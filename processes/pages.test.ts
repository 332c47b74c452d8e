import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { cacheFolder } from '../config/load';
import { builtPages } from './pages';

/** What a customer's phone loads before the tracking page is there. */
const TRACKING_PAGE_BYTES = 150_000;

describe('the built pages', () => {
  let built: string;

  beforeAll(async () => {
    built = await builtPages(cacheFolder('pages'));
  });

  test(`the tracking page loads at most ${TRACKING_PAGE_BYTES} bytes`, () => {
    const html = readFileSync(join(built, 'track.html'));
    const files = [...html.toString().matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(([, file]) => String(file));
    expect(files.some((file) => file.endsWith('.js'))).toBe(true);
    expect(files.some((file) => file.endsWith('.css'))).toBe(true);
    const sizes = files.map((file) => statSync(join(built, `${file}.br`)).size);
    const bytes = sizes.reduce((sum, size) => sum + size, brotliCompressSync(html).length);
    expect(bytes).toBeLessThanOrEqual(TRACKING_PAGE_BYTES);
  });

  test('every script and style of a page comes from the api, under its nonce', () => {
    for (const page of ['docs.html', 'track.html']) {
      const html = readFileSync(join(built, page), 'utf8');
      for (const [tag] of html.matchAll(/<(?:script|link rel="(?:stylesheet|modulepreload)")[^>]*>/g)) {
        expect(tag).toContain('nonce="CSP_NONCE"');
        expect(tag).not.toMatch(/https?:/);
      }
    }
  });
});
