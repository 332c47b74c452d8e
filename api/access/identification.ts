import type { IncomingMessage } from 'node:http';
import { ProblemError } from '../problem';
import { type Authenticate, bearerToken } from './bearer-tokens';
import type { Identity } from './identity';
import type { Sessions } from './sessions';
import type { OpenedLink, TrackingLinks } from './tracking-links';

/** What a request is about, and whether it changes anything. */
export interface Asked {
  readonly orderId?: number | undefined;
  readonly isChange: boolean;
  /** A bearer token that is not in the Authorization header. */
  readonly token?: string | undefined;
  /** The order's tracking link, of a page that has no cookie of ours. */
  readonly link?: string | undefined;
}

/** Identifies the sender of a request: by its bearer token, else by its cookies. Throws UNAUTHENTICATED, CROSS_SITE_REQUEST. */
export type Identify = (request: IncomingMessage, asked: Asked) => Promise<Identity>;

export function createIdentification(authenticate: Authenticate, sessions: Sessions, links: TrackingLinks): Identify {
  return async (request, { orderId, isChange, token, link }) => {
    const bearer = bearerToken(request.headers.authorization) ?? token;
    if (bearer !== undefined) return authenticate(bearer);
    if (orderId !== undefined && link !== undefined) return ownerBy(await links.read(orderId, link));
    const user = await sessions.user(request);
    // What operators and viewers see of an order is more than its link shows.
    const isStaff = user !== undefined && user.role !== 'customer';
    const who = isStaff || orderId === undefined ? user : ((await sessions.ownerByLink(request, orderId)) ?? user);
    if (!who) throw new ProblemError('UNAUTHENTICATED');
    if (isChange && sessions.isCrossSite(request)) throw new ProblemError('CROSS_SITE_REQUEST');
    return who;
  };
}

function ownerBy(link: OpenedLink | undefined): Identity {
  if (!link) throw new ProblemError('UNAUTHENTICATED');
  const { order, expiresAt } = link;
  return { userId: order.userId, email: order.userEmail, role: 'customer', expiresAt, onlyOrderId: order.id };
}
