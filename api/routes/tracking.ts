import { trackingLinkSchema } from '../../contracts/responses/tracking';
import { trackingPageSchema } from '../../contracts/sign-in';
import { findOrder } from '../../db/orders';
import { sign, verified } from '../access/sealed';
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
    async handle({ params, who }, { db, settings }, { request }) {
      const order = await changeableOrder(db, params.orderId, who);
      // A link makes no link that outlives it.
      const expiresAt = Math.min(
        Date.now() + settings.TRACKING_LINK_TTL_MS,
        who.onlyOrderId === undefined ? Number.POSITIVE_INFINITY : who.expiresAt,
      );
      const link = await sign(settings.SESSION_SECRET, 'tracking-link', { order: order.id }, expiresAt);
      const origin = settings.PUBLIC_URL ?? `http://${request.headers.host}`;
      return {
        data: { url: `${origin}/track/${order.id}?link=${link}`, expiresAt: new Date(expiresAt).toISOString() },
      };
    },
  }),
] as const;

/** The page itself. */
export const trackingPageRoutes: readonly Route[] = [
  rawRoute('GET /track/{orderId}', {
    id: 'trackingPage',
    summary: 'The page of one order, for its customer',
    access: 'public',
    ...ofOrder,
    query: trackingPageSchema,
    problems: ['ORDER_NOT_FOUND', 'PAGES_NOT_BUILT'],
    responses: {},
    async handle({ params: { orderId }, query: { link } }, { db, pages, sessions, settings }, { response }) {
      if (link === undefined || link === EXPIRED) return pages.send(response, 'track');
      const opened = await verified(settings.SESSION_SECRET, 'tracking-link', link);
      const order = opened?.claims.order === orderId ? await findOrder(db, orderId) : undefined;
      if (opened && order) await sessions.openOrder(response, order, opened.expiresAt);
      // Without the link in it, the address can be shown, copied and kept in the history.
      const page = `/track/${orderId}${opened && order ? '' : `?link=${EXPIRED}`}`;
      response.setHeader('Cache-Control', 'no-store').redirect(303, page);
    },
  }),
];

const EXPIRED = 'expired';
