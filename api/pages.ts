import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Express, Response } from 'express';
import sirv from 'sirv';
import { ProblemError } from './problem';

/** Names of assets are made from their content. */
const ASSETS = { immutable: true, maxAge: 365 * 24 * 3600, brotli: true, gzip: true };

/** How far a page is from the strictest policy. */
export interface PageNeeds {
  /** Its library writes `style` attributes. */
  readonly inlineStyles?: true;
}

/** The built pages of `web/`. */
export class Pages {
  private readonly read = new Map<string, string>();

  /** Undefined: they are not built. */
  constructor(private readonly folder: string | undefined) {}

  serveAssets(app: Express): void {
    if (this.folder !== undefined) app.use('/assets', sirv(join(this.folder, 'assets'), ASSETS));
  }

  /** Sends a page by the name of its file, under a policy of its own. Throws PAGES_NOT_BUILT. */
  send(response: Response, name: string, needs: PageNeeds = {}): void {
    sendHtml(response, (nonce) => this.html(name).replaceAll('CSP_NONCE', nonce), needs);
  }

  private html(name: string): string {
    if (this.folder === undefined) throw new ProblemError('PAGES_NOT_BUILT');
    const html = this.read.get(name) ?? readFileSync(join(this.folder, `${name}.html`), 'utf8');
    this.read.set(name, html);
    return html;
  }
}

/** Sends HTML whose scripts and styles are its own, or carry the nonce. */
export function sendHtml(response: Response, html: (nonce: string) => string, { inlineStyles }: PageNeeds = {}): void {
  const nonce = randomBytes(16).toString('base64');
  const body = html(nonce);
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
  response.setHeader('Cache-Control', 'no-store').type('html').send(body);
}
