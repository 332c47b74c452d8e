import { z } from 'zod';
import { createOrderSchema, listOrdersSchema, orderIdParamSchema } from '../../contracts/http';
import { orderSchema, orderSummarySchema } from '../../contracts/responses/orders';
import type { DbOrTrx } from '../../db/connection';
import { linesOf, ordersOfUser } from '../../db/orders';
import { stepsOfOrder } from '../../db/saga-steps';
import { route } from '../route';
import { orderSummary, orderView, visibleOrder } from './order-access';
import { placeOrder } from './place-order';

/** The path parameter of everything about one order. */
export const ofOrder = { params: z.object({ orderId: orderIdParamSchema }), unknownParams: 'ORDER_NOT_FOUND' } as const;

/** Orders: placed, listed, read. */
export const orderRoutes = [
  route('POST /api/orders', {
    id: 'createOrder',
    summary: 'Place an order; its stock is taken by the saga that follows',
    access: 'customer',
    isIdempotent: true,
    body: createOrderSchema,
    response: {
      status: 201,
      data: orderSchema,
      message: { ko: '주문이 생성되었습니다.', en: 'The order was created.' },
      location: ({ orderId }) => `/api/orders/${orderId}`,
    },
    problems: ['UNKNOWN_SKU', 'COUPON_NOT_ISSUED', 'COUPON_MINIMUM_NOT_MET', 'COUPON_IN_USE'],
    async handle({ body, who, language, hasKey, once }, { db, relay, settings }) {
      return relay.during(async (notifies) => {
        const place = async (on: DbOrTrx) => ({
          data: await placeOrder(on, who, body, settings.CURRENCY, language, notifies),
        });
        // Without a key there is nothing to save beside the order, which is one statement.
        return hasKey ? await once(place) : await place(db);
      });
    },
  }),

  route('GET /api/orders', {
    id: 'listOrders',
    summary: "The user's orders, newest first",
    access: 'customer',
    query: listOrdersSchema,
    response: {
      status: 200,
      data: z.array(orderSummarySchema),
      message: { ko: '주문 목록 조회 성공', en: 'Your orders' },
    },
    async handle({ query: { limit, before }, who, language }, { db }) {
      const orders = await ordersOfUser(db, who.userId, { limit, beforeId: before });
      return { data: orders.map((order) => orderSummary(order, language)) };
    },
  }),

  route('GET /api/orders/{orderId}', {
    id: 'getOrder',
    summary: 'One order with its lines',
    access: 'customer',
    ...ofOrder,
    response: { status: 200, data: orderSchema, message: { ko: '주문 조회 성공', en: 'Your order' } },
    problems: ['ORDER_NOT_FOUND'],
    async handle({ params, who, language }, { db }) {
      const order = await visibleOrder(db, params.orderId, who);
      const [lines, steps] = await Promise.all([linesOf(db, order.id), stepsOfOrder(db, order.id)]);
      const parcel = steps.find(({ step, state }) => step === 'shipment' && state === 'DONE');
      return { data: { ...orderView(order, lines, language), trackingNumber: parcel?.providerRef ?? undefined } };
    },
  }),
] as const;
