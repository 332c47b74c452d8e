import { randomUUID } from 'node:crypto';
import { Router } from 'express';
import {
  type OrderProcessingEvent,
  type PayAndShipmentRequest,
  payAndShipmentRequestSchema,
} from '../contracts/events';
import type { Trx } from '../db/connection';
import type { Order } from '../db/orders';
import { savePaymentRequest } from '../db/payment-requests';
import { type Answer, languageOf, message, send, success } from './answer';
import { authenticated, identityOf } from './authentication';
import type { RouteDependencies } from './dependencies';
import { answerOnce, repeatable } from './idempotency';
import { lockOwnOrder } from './order-access';
import { type Language, ProblemError } from './problem';
import { jsonBody, orderIdOf, parseBody } from './validation';

/** The request to pay and ship: saved with its event, answered at once, worked on by the order's saga. */
export function paymentRoutes({ db, authenticate, feeds }: RouteDependencies): Router {
  const router = Router();
  router.post(
    '/api/orders/:orderId/process-payment-shipment',
    authenticated(authenticate),
    jsonBody,
    async (request, response) => {
      const who = identityOf(response);
      const orderId = orderIdOf(request);
      const body = parseBody(request, payAndShipmentRequestSchema);
      const language = languageOf(request);
      const answer = await answerOnce(db, repeatable(request, who.userId, body), async (trx) => {
        const order = await lockOwnOrder(trx, orderId, who);
        refuseUnlessPayable(order);
        await requestProcessing(trx, order, body);
        return processingStarted(orderId, language);
      });
      if (!answer.replayed) feeds.announce(orderId);
      send(response, answer);
    },
  );
  return router;
}

function refuseUnlessPayable({ status, sagaState }: Order): void {
  if (status !== 'CREATED' && status !== 'PENDING_PAYMENT')
    throw new ProblemError('ORDER_NOT_PAYABLE', { orderStatus: status });
  if (sagaState === 'COMPENSATING' || sagaState === 'NEEDS_OPERATOR') throw new ProblemError('PAYMENT_IN_PROGRESS');
}

async function requestProcessing(trx: Trx, order: Order, requestDto: PayAndShipmentRequest): Promise<void> {
  const event: OrderProcessingEvent = {
    eventId: randomUUID(),
    eventCreatedAt: new Date().toISOString(),
    schemaVersion: 1,
    orderId: order.id,
    userEmail: order.userEmail,
    requestDto,
    retryCount: 0,
  };
  if (!(await savePaymentRequest(trx, event))) throw new ProblemError('PAYMENT_IN_PROGRESS');
}

function processingStarted(orderId: number, language: Language): Answer {
  const data = {
    orderId,
    status: 'PROCESSING',
    message: message('processingAccepted', language),
    estimatedProcessingTime: message('processingTime', language),
    websocketTopic: `/topic/order/${orderId}`,
    statusCheckUrl: `/api/orders/${orderId}/status`,
  };
  return success(202, data, 'processingStarted', language);
}
