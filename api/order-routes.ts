import { Router } from 'express';
import { createOrderSchema, listOrdersSchema } from '../contracts/http';
import { linesOf, ordersOfUser } from '../db/orders';
import { languageOf, send, success } from './answer';
import { authenticated, identityOf } from './authentication';
import type { RouteDependencies } from './dependencies';
import { answerOnce, repeatable } from './idempotency';
import { orderSummary, orderView, ownOrderOrOperators } from './order-access';
import { placeOrder } from './place-order';
import { jsonBody, orderIdOf, parseBody, parseQuery } from './validation';

/** Orders: placed, listed, looked at. */
export function orderRoutes({ db, settings, authenticate }: RouteDependencies): Router {
  const router = Router();
  const user = authenticated(authenticate);

  router.post('/api/orders', user, jsonBody, async (request, response) => {
    const who = identityOf(response);
    const body = parseBody(request, createOrderSchema);
    const language = languageOf(request);
    const answer = await answerOnce(db, repeatable(request, who.userId, body), (trx) =>
      placeOrder(trx, who, body, settings.CURRENCY, language),
    );
    const { data } = answer.body as { data: { orderId: number } };
    response.location(`/api/orders/${data.orderId}`);
    send(response, answer);
  });

  router.get('/api/orders', user, async (request, response) => {
    const { limit, before } = parseQuery(request, listOrdersSchema);
    const language = languageOf(request);
    const orders = await ordersOfUser(db, identityOf(response).userId, { limit, beforeId: before });
    const data = orders.map((order) => orderSummary(order, language));
    send(response, success(200, data, 'orders', language));
  });

  router.get('/api/orders/:orderId', user, async (request, response) => {
    const language = languageOf(request);
    const order = await ownOrderOrOperators(db, orderIdOf(request), identityOf(response));
    send(response, success(200, orderView(order, await linesOf(db, order.id), language), 'order', language));
  });

  return router;
}
