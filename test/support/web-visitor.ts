/** Somebody with a browser, as far as HTTP goes: cookies are kept and sent as their attributes say; no page is run. */
export class WebVisitor {
  private readonly cookies = new Map<
    string,
    { readonly origin: string; readonly path: string; readonly pair: string }
  >();

  /** Follows no redirect. */
  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const { origin, pathname } = new URL(url);
    const sent = [...this.cookies.values()].filter(
      (cookie) => cookie.origin === origin && isBelow(pathname, cookie.path),
    );
    const headers = new Headers(init.headers);
    if (sent.length > 0) headers.set('cookie', sent.map(({ pair }) => pair).join('; '));
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) this.keep(origin, cookie);
    return response;
  }

  /** Follows redirects, of any origin, until something else comes; `at` is where. */
  async open(url: string, init: RequestInit = {}): Promise<{ readonly at: string; readonly response: Response }> {
    let at = url;
    let response = await this.fetch(at, init);
    for (let left = 20; response.status >= 300 && response.status < 400 && left > 0; left -= 1) {
      at = new URL(response.headers.get('location') as string, at).href;
      response = await this.fetch(at);
    }
    return { at, response };
  }

  /** Fills in the only form of a page. */
  async submit(page: { readonly at: string; readonly response: Response }, fields: Readonly<Record<string, string>>) {
    const html = await page.response.text();
    const action = /<form[^>]* action="([^"]+)"/.exec(html)?.[1];
    if (action === undefined) throw new Error(`no form at ${page.at}: ${html.slice(0, 300)}`);
    const hidden = [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
    const body = new URLSearchParams({
      ...Object.fromEntries(hidden.map(([, name, value]) => [name, value])),
      ...fields,
    });
    return this.open(new URL(action, page.at).href, { method: 'POST', body });
  }

  private keep(origin: string, cookie: string): void {
    const [pair = '', ...attributes] = cookie.split(/; */);
    const name = pair.slice(0, pair.indexOf('='));
    const attribute = (wanted: string) =>
      attributes.find((one) => one.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
    const path = attribute('path') ?? '/';
    const expires = attribute('expires');
    const key = `${origin} ${path} ${name}`;
    if (expires !== undefined && Date.parse(expires) <= Date.now()) this.cookies.delete(key);
    else this.cookies.set(key, { origin, path, pair });
  }
}

const isBelow = (pathname: string, path: string) =>
  pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`);
