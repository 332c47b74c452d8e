import { lastEventIdSchema } from '../../contracts/http';
import { type TimelineView, timelineEntrySchema } from '../../contracts/responses/common';
import { linkParamSchema } from '../../contracts/sign-in';
import { EventStream } from '../event-stream';
import { onExpiry, resumeAfter } from '../live';
import { rawRoute } from '../route';
import { entriesFor, visibleOrder } from './order-access';
import { ofOrder } from './orders';

/** An order's timeline as server-sent events. */
export const orderEvents = rawRoute('GET /api/orders/{orderId}/events', {
  id: 'streamOrderEvents',
  summary:
    "The order's timeline as server-sent events: `event` is the entry's type, `data` the entry; the header Last-Event-ID, or lastEventId, resumes",
  access: 'customer',
  isEmbeddable: true,
  ...ofOrder,
  query: linkParamSchema.extend({ lastEventId: lastEventIdSchema.optional() }),
  problems: ['ORDER_NOT_FOUND'],
  responses: { 200: { description: 'A stream without end', content: { 'text/event-stream': timelineEntrySchema } } },
  async handle({ params, query, who, language }, { db, feeds, streams, metrics }, { request, response }) {
    const afterId = resumeAfter(request.headers['last-event-id'] ?? query.lastEventId, language);
    const order = await visibleOrder(db, params.orderId, who);
    // The reader has gone meanwhile, and nothing says so again.
    if (response.destroyed) return;
    const stream = new EventStream(response, metrics);
    const end = () => stream.end();
    stream.onStop(
      feeds.follow(order.id, afterId, (entries) => stream.write(entriesFor(who, entries).map(frame).join(''))),
    );
    stream.onStop(streams.add(end));
    stream.onStop(onExpiry(who.expiresAt, end));
  },
});

function frame(entry: TimelineView): string {
  return `id: ${entry.id}\nevent: ${entry.type}\ndata: ${JSON.stringify(entry)}\n\n`;
}
