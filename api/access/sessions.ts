import type { IncomingMessage } from 'node:http';
import type { Response } from 'express';
import type { Settings } from '../../config/settings';
import { type Identity, identityOf } from './identity';
import { open, seal } from './sealed';

type SessionSettings = Pick<Settings, 'SESSION_SECRET' | 'SESSION_TTL_MS' | 'PUBLIC_URL'>;

/**
 * Who has signed in, and which orders were opened by a link: all of it sealed into cookies that no script reads, so that every api
 * process knows it and none stores it. A session ends with its time; new SESSION_SECRETs end all of them.
 */
export class Sessions {
  private readonly isSecure: boolean;

  constructor(private readonly settings: SessionSettings) {
    this.isSecure = settings.PUBLIC_URL?.startsWith('https:') ?? false;
  }

  /** The user who has signed in. */
  async user(request: IncomingMessage): Promise<Identity | undefined> {
    const sealed = cookieOf(request, this.hostCookie('session'));
    const opened = sealed === undefined ? undefined : await open(this.settings.SESSION_SECRET, 'session', sealed);
    return opened && identityOf(opened.claims, opened.expiresAt);
  }

  /** The owner of an order that was opened by its link, as far as that order is concerned. */
  async ownerByLink(request: IncomingMessage, orderId: number): Promise<Identity | undefined> {
    const sealed = cookieOf(request, this.orderCookie);
    const opened = sealed === undefined ? undefined : await open(this.settings.SESSION_SECRET, 'order', sealed);
    if (opened?.claims.order !== orderId) return undefined;
    const owner = identityOf(opened.claims, opened.expiresAt);
    return owner && { ...owner, role: 'customer', onlyOrderId: orderId };
  }

  async signIn(response: Response, user: Omit<Identity, 'expiresAt'>): Promise<void> {
    const expiresAt = Date.now() + this.settings.SESSION_TTL_MS;
    const { userId: sub, email, role } = user;
    const sealed = await seal(this.settings.SESSION_SECRET, 'session', { sub, email, role }, expiresAt);
    response.cookie(this.hostCookie('session'), sealed, {
      ...this.attributes,
      path: '/',
      expires: new Date(expiresAt),
    });
  }

  /** Ends the session, and closes an order that was opened by its link. */
  signOut(response: Response, orderId: number | undefined): void {
    if (orderId !== undefined) response.clearCookie(this.orderCookie, { ...this.attributes, path: orderPath(orderId) });
    response.clearCookie(this.hostCookie('session'), { ...this.attributes, path: '/' });
  }

  /** Opens one order to this browser, for as long as the link is good. */
  async openOrder(
    response: Response,
    { id, userId: sub, userEmail: email }: { readonly id: number; readonly userId: string; readonly userEmail: string },
    expiresAt: number,
  ): Promise<void> {
    const sealed = await seal(this.settings.SESSION_SECRET, 'order', { sub, email, order: id }, expiresAt);
    response.cookie(this.orderCookie, sealed, {
      ...this.attributes,
      path: orderPath(id),
      expires: new Date(expiresAt),
    });
  }

  /**
   * Whether a page of another origin sends this request: browsers say so, and no script can say otherwise. Cookies come with requests
   * that their owner did not mean; a bearer token does not.
   */
  isCrossSite({ headers }: IncomingMessage): boolean {
    const site = headers['sec-fetch-site'];
    if (site !== undefined) return site !== 'same-origin' && site !== 'none';
    const { origin } = headers;
    if (origin === undefined || origin === this.settings.PUBLIC_URL) return false;
    return !URL.canParse(origin) || new URL(origin).host !== headers.host;
  }

  /** Not sent with what other sites' pages do; a person who follows a link from there brings it. */
  get attributes() {
    return { httpOnly: true, sameSite: 'lax', secure: this.isSecure } as const;
  }

  /** A cookie of path `/`. Browsers take the prefix over https only, and from this host alone: no sibling domain can set it. */
  hostCookie(name: string): string {
    return `${this.isSecure ? '__Host-' : ''}ordersaga-${name}`;
  }

  private get orderCookie(): string {
    return `${this.isSecure ? '__Secure-' : ''}ordersaga-order`;
  }
}

/** The cookie of an order goes with requests about that order alone. */
const orderPath = (orderId: number) => `/api/orders/${orderId}`;

/** A cookie whose value needs no decoding. */
export function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  const found = headers.cookie?.split(/; */).find((cookie) => cookie.startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}
