import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Request, Response } from 'express';
import { ProblemError } from './problem';

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** How far a page is from the strictest policy. */
export interface PageNeeds {
  /** Its library writes `style` attributes. */
  readonly inlineStyles?: true;
}

interface Asset {
  readonly type: string;
  /** By encoding; `identity` is always there. */
  readonly bodies: Readonly<Partial<Record<'br' | 'gzip' | 'identity', Buffer>>>;
}

/** The built pages of `web/`, all in memory: a reader that is slow, or goes away, holds no file open. */
export class Pages {
  private readonly pages = new Map<string, string>();
  private readonly assets = new Map<string, Asset>();
  /** Whose names are the same in every version. */
  private readonly embedded = new Map<string, Asset>();

  /** Undefined: they are not built. */
  constructor(folder: string | undefined) {
    if (folder === undefined) return;
    for (const file of readdirSync(folder))
      if (file.endsWith('.html')) this.pages.set(file, readFileSync(join(folder, file), 'utf8'));
    keepFiles(this.assets, join(folder, 'assets'));
    keepFiles(this.embedded, folder);
  }

  /** Sends a file that belongs to a page. Throws NOT_FOUND. */
  sendAsset(request: Request, response: Response, file: string): void {
    const asset = this.assets.get(file);
    if (!asset) throw new ProblemError('NOT_FOUND');
    // Its name is made from its content.
    response.setHeader('Cache-Control', 'public, max-age=31536000, immutable');
    sendEncoded(request, response, asset);
  }

  /** Sends a script that pages of any origin may load. Throws PAGES_NOT_BUILT. */
  sendEmbedded(request: Request, response: Response, file: string): void {
    const asset = this.embedded.get(file);
    if (!asset) throw new ProblemError('PAGES_NOT_BUILT');
    response.setHeader('Cache-Control', 'public, max-age=300');
    response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    sendEncoded(request, response, asset);
  }

  /** Sends a page by its name, under a policy of its own. Throws PAGES_NOT_BUILT. */
  send(response: Response, name: string, needs: PageNeeds = {}): void {
    const html = this.pages.get(`${name}.html`);
    if (html === undefined) throw new ProblemError('PAGES_NOT_BUILT');
    sendHtml(response, (nonce) => html.replaceAll('CSP_NONCE', nonce), needs);
  }
}

function keepFiles(assets: Map<string, Asset>, folder: string): void {
  for (const file of readdirSync(folder)) {
    const type = TYPES[extname(file)];
    if (type) assets.set(file, { type, bodies: bodiesOf(join(folder, file)) });
  }
}

function sendEncoded(request: Request, response: Response, { type, bodies }: Asset): void {
  const encodings = (['br', 'gzip'] as const).filter((encoding) => bodies[encoding]);
  const accepted = request.acceptsEncodings(...encodings, 'identity');
  const encoding = encodings.find((known) => known === accepted) ?? 'identity';
  if (encoding !== 'identity') response.setHeader('Content-Encoding', encoding);
  response.vary('Accept-Encoding').type(type).send(bodies[encoding]);
}

function bodiesOf(file: string): Asset['bodies'] {
  return {
    identity: readFileSync(file),
    ...(existsSync(`${file}.br`) ? { br: readFileSync(`${file}.br`) } : {}),
    ...(existsSync(`${file}.gz`) ? { gzip: readFileSync(`${file}.gz`) } : {}),
  };
}

/** Sends HTML whose scripts and styles are its own, or carry the nonce. */
export function sendHtml(response: Response, html: (nonce: string) => string, { inlineStyles }: PageNeeds = {}): void {
  const nonce = randomBytes(16).toString('base64');
  response.setHeader(
    'Content-Security-Policy',
    [
      "default-src 'none'",
      `script-src 'self' 'nonce-${nonce}'`,
      `style-src 'self' ${inlineStyles ? "'unsafe-inline'" : `'nonce-${nonce}'`}`,
      "img-src 'self' data:",
      "font-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  );
  response.setHeader('Cache-Control', 'no-store').type('html').send(html(nonce));
}
