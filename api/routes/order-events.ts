import type { Response } from 'express';
import { z } from 'zod';
import { lastEventIdSchema } from '../../contracts/http';
import { type TimelineView, timelineEntrySchema } from '../../contracts/responses/common';
import type { Identity } from '../authentication';
import { HEARTBEAT_MS, MAX_UNREAD_BYTES, type OpenStreams, onExpiry, resumeAfter } from '../live';
import { rawRoute } from '../route';
import { entriesFor, ownOrderOrOperators } from './order-access';
import { ofOrder } from './orders';

/** An order's timeline as server-sent events. */
export const orderEvents = rawRoute('GET /api/orders/{orderId}/events', {
  id: 'streamOrderEvents',
  summary:
    "The order's timeline as server-sent events: `event` is the entry's type, `data` the entry; the header Last-Event-ID, or lastEventId, resumes",
  access: 'customer',
  ...ofOrder,
  query: z.strictObject({ lastEventId: lastEventIdSchema.optional() }),
  problems: ['ORDER_NOT_FOUND'],
  responses: { 200: { description: 'A stream without end', content: { 'text/event-stream': timelineEntrySchema } } },
  async handle({ params, query, who, language }, { db, feeds, streams }, { request, response }) {
    const afterId = resumeAfter(request.headers['last-event-id'] ?? query.lastEventId, language);
    const order = await ownOrderOrOperators(db, params.orderId, who);
    openStream(response);
    const unfollow = feeds.follow(order.id, afterId, (entries) =>
      write(response, entriesFor(who, entries).map(frame).join('')),
    );
    keepUntilClosed(response, who, streams, unfollow);
  },
});

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
