import { randomUUID } from 'node:crypto';
import { Router } from 'express';
import { z } from 'zod';
import type { StockDecreaseRequestedEvent } from '../contracts/events';
import { type CreateOrder, createOrderSchema } from '../contracts/http';
import { TOPICS } from '../contracts/topics';
import type { Trx } from '../db/connection';
import { insertOrder, linesOf, type Order, type OrderLine, ordersOfUser } from '../db/orders';
import { addToOutbox } from '../db/outbox';
import { findProducts } from '../db/products';
import { type Answer, languageOf, send, success } from './answer';
import { authenticated, type Identity, identityOf } from './authentication';
import type { RouteDependencies } from './dependencies';
import { answerOnce, repeatable } from './idempotency';
import { orderSummary, orderView, ownOrder } from './order-access';
import { type Language, ProblemError } from './problem';
import { jsonBody, orderIdOf, parseBody, parseQuery } from './validation';

const pageSchema = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  before: z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER).optional(),
});

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
    const { limit, before } = parseQuery(request, pageSchema);
    const language = languageOf(request);
    const orders = await ordersOfUser(db, identityOf(response).userId, { limit, beforeId: before });
    const data = orders.map((order) => orderSummary(order, language));
    send(response, success(200, data, 'orders', language));
  });

  router.get('/api/orders/:orderId', user, async (request, response) => {
    const language = languageOf(request);
    const order = await ownOrder(db, orderIdOf(request), identityOf(response));
    send(response, success(200, orderView(order, await linesOf(db, order.id), language), 'order', language));
  });

  return router;
}

/** Saves the order and asks for its stock; whether there is enough, the saga finds out. */
async function placeOrder(
  trx: Trx,
  who: Identity,
  { lines: wanted }: CreateOrder,
  currency: string,
  language: Language,
): Promise<Answer> {
  const lines = await priceLines(trx, wanted);
  const order = await insertOrder(trx, {
    userId: who.userId,
    userEmail: who.email,
    currency,
    totalMinor: lines.reduce((total, line) => total + line.quantity * line.unitPriceMinor, 0),
    lines,
  });
  await addToOutbox(trx, [
    {
      topic: TOPICS.stockDecreaseRequested,
      key: String(order.id),
      value: JSON.stringify(stockDecreaseRequested(order, lines)),
    },
  ]);
  return success(201, orderView(order, lines, language), 'orderCreated', language);
}

async function priceLines(trx: Trx, wanted: CreateOrder['lines']): Promise<OrderLine[]> {
  const products = await findProducts(
    trx,
    wanted.map((line) => line.sku),
  );
  const bySku = new Map(products.map((product) => [product.sku, product]));
  const unknown = wanted.filter((line) => !bySku.has(line.sku)).map((line) => line.sku);
  if (unknown.length > 0) throw new ProblemError('UNKNOWN_SKU', { skus: unknown });
  return wanted.flatMap(({ sku, quantity }) => {
    const product = bySku.get(sku);
    return product ? [{ sku, quantity, name: product.name, unitPriceMinor: product.priceMinor }] : [];
  });
}

function stockDecreaseRequested(order: Order, lines: readonly OrderLine[]): StockDecreaseRequestedEvent {
  return {
    eventId: randomUUID(),
    eventCreatedAt: order.createdAt.toISOString(),
    schemaVersion: 1,
    orderId: order.id,
    userEmail: order.userEmail,
    lines: lines.map(({ sku, quantity }) => ({ sku, quantity })),
  };
}
