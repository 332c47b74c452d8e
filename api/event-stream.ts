import { type Response, Router } from 'express';
import type { TimelineView } from '../contracts/http';
import { authenticated, type Identity, identityOf } from './authentication';
import type { RouteDependencies } from './dependencies';
import { HEARTBEAT_MS, MAX_UNREAD_BYTES, type OpenStreams, onExpiry, resumeAfter } from './live';
import { entriesFor, ownOrderOrOperators } from './order-access';
import { orderIdOf } from './validation';

/** An order's timeline as server-sent events; `Last-Event-ID` (or `?lastEventId`) resumes. */
export function eventStreamRoutes({ db, feeds, authenticate }: RouteDependencies, streams: OpenStreams): Router {
  const router = Router();
  router.get('/api/orders/:orderId/events', authenticated(authenticate), async (request, response) => {
    const who = identityOf(response);
    const afterId = resumeAfter(request.headers['last-event-id'] ?? request.query.lastEventId);
    const order = await ownOrderOrOperators(db, orderIdOf(request), who);
    openStream(response);
    const unfollow = feeds.follow(order.id, afterId, (entries) =>
      write(response, entriesFor(who, entries).map(frame).join('')),
    );
    keepUntilClosed(response, who, streams, unfollow);
  });
  return router;
}

function openStream(response: Response): void {
  response.locals.isStream = true;
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  response.write('retry: 2000\n\n');
}

function frame(entry: TimelineView): string {
  return `id: ${entry.id}\nevent: ${entry.type}\ndata: ${JSON.stringify(entry)}\n\n`;
}

function write(response: Response, text: string): void {
  if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
  else response.write(text);
}

function keepUntilClosed(response: Response, who: Identity, streams: OpenStreams, unfollow: () => void): void {
  const heartbeat = setInterval(() => write(response, ': heartbeat\n\n'), HEARTBEAT_MS).unref();
  const end = () => void response.end();
  const forget = streams.add(end);
  const stopTimer = onExpiry(who.expiresAt, end);
  response.once('close', () => {
    clearInterval(heartbeat);
    stopTimer();
    forget();
    unfollow();
  });
}
