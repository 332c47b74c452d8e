import type { Settings } from '../../config/settings';
import type { Db } from '../../db/connection';
import { findOrder, type Order } from '../../db/orders';
import { sign, verified } from './sealed';

export interface OpenedLink {
  readonly order: Order;
  readonly expiresAt: number;
}

/** Links that open one order to their holder, until they end. */
export class TrackingLinks {
  constructor(
    private readonly db: Db,
    private readonly settings: Pick<Settings, 'SESSION_SECRET' | 'TRACKING_LINK_TTL_MS'>,
  ) {}

  /** Ends at `latest` if that comes first. */
  async make(orderId: number, latest: number): Promise<{ readonly link: string; readonly expiresAt: number }> {
    const expiresAt = Math.min(Date.now() + this.settings.TRACKING_LINK_TTL_MS, latest);
    return {
      link: await sign(this.settings.SESSION_SECRET, 'tracking-link', { order: orderId }, expiresAt),
      expiresAt,
    };
  }

  /** Undefined: it has ended, or is not a link to this order. */
  async read(orderId: number, link: string): Promise<OpenedLink | undefined> {
    const opened = await verified(this.settings.SESSION_SECRET, 'tracking-link', link);
    if (opened?.claims.order !== orderId) return undefined;
    const order = await findOrder(this.db, orderId);
    return order && { order, expiresAt: opened.expiresAt };
  }
}
