import { trackingLinkSchema } from '../../contracts/responses/tracking';
import { trackingPageSchema } from '../../contracts/sign-in';
import { type Route, rawRoute, route } from '../route';
import { changeableOrder } from './order-access';
import { ofOrder } from './orders';

/** Links to the page of one order, for people who have not signed in. */
export const trackingLinkRoutes = [
  route('POST /api/orders/{orderId}/tracking-links', {
    id: 'createTrackingLink',
    summary: "Make a link to the order's page, to be sent to its customer: it opens this order only",
    access: 'customer',
    ...ofOrder,
    response: {
      status: 201,
      data: trackingLinkSchema,
      message: { ko: '추적 링크가 생성되었습니다.', en: 'The tracking link was made.' },
    },
    problems: ['FORBIDDEN', 'ORDER_NOT_FOUND'],
    async handle({ params, who }, { db, links, settings }, { request }) {
      const order = await changeableOrder(db, params.orderId, who);
      // A link makes no link that outlives it.
      const latest = who.onlyOrderId === undefined ? Number.POSITIVE_INFINITY : who.expiresAt;
      const { link, expiresAt } = await links.make(order.id, latest);
      const origin = settings.PUBLIC_URL ?? `http://${request.headers.host}`;
      return {
        data: { url: `${origin}/track/${order.id}?link=${link}`, expiresAt: new Date(expiresAt).toISOString() },
      };
    },
  }),
] as const;

/** The page itself, and a part of it for the shop's own pages. */
export const trackingPageRoutes: readonly Route[] = [
  rawRoute('GET /track/{orderId}', {
    id: 'trackingPage',
    summary: 'The page of one order, for its customer',
    access: 'public',
    ...ofOrder,
    query: trackingPageSchema,
    problems: ['ORDER_NOT_FOUND', 'PAGES_NOT_BUILT'],
    responses: {},
    async handle({ params: { orderId }, query: { link } }, { links, pages, sessions }, { response }) {
      if (link === undefined || link === EXPIRED) return pages.send(response, 'track');
      const opened = await links.read(orderId, link);
      if (opened) await sessions.openOrder(response, opened.order, opened.expiresAt);
      // Without the link in it, the address can be shown, copied and kept in the history.
      const page = `/track/${orderId}${opened ? '' : `?link=${EXPIRED}`}`;
      response.setHeader('Cache-Control', 'no-store').redirect(303, page);
    },
  }),

  rawRoute('GET /embed.js', {
    id: 'embeddedTracking',
    summary: 'The element `<ordersaga-tracking>`, for pages of the shop',
    access: 'public',
    problems: ['PAGES_NOT_BUILT'],
    responses: {},
    async handle(_request, { pages }, { request, response }) {
      pages.sendEmbedded(request, response, 'embed.js');
    },
  }),
];

const EXPIRED = 'expired';
