import type { IncomingMessage } from 'node:http';
import { Sessions } from './sessions';

const of = (PUBLIC_URL?: string) =>
  new Sessions({ SESSION_SECRET: 'a secret of at least thirty-two characters', SESSION_TTL_MS: 60_000, PUBLIC_URL });
const request = (headers: Record<string, string>) =>
  ({ headers: { host: 'inside:3000', ...headers } }) as unknown as IncomingMessage;

describe('a request comes from a page of another site', () => {
  test.each([
    [{ 'sec-fetch-site': 'same-origin' }, false],
    [{ 'sec-fetch-site': 'none' }, false],
    [{ 'sec-fetch-site': 'same-site' }, true],
    [{ 'sec-fetch-site': 'cross-site', origin: 'https://orders.example' }, true],
    [{ origin: 'http://inside:3000' }, false],
    // Behind a proxy that puts its own name in the place of the host.
    [{ origin: 'https://orders.example' }, false],
    [{ origin: 'https://evil.example' }, true],
    [{ origin: 'null' }, true],
    [{}, false],
  ])('%j: %j', (headers, expected) => {
    expect(of('https://orders.example').isCrossSite(request(headers as Record<string, string>))).toBe(expected);
  });
});

test('cookies are bound to this host where the pages are served over https', () => {
  expect(of('https://orders.example').hostCookie('session')).toBe('__Host-ordersaga-session');
  expect(of('https://orders.example').attributes.secure).toBe(true);
  expect(of('http://127.0.0.1:3000').hostCookie('session')).toBe('ordersaga-session');
});
