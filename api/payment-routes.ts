import { randomUUID } from 'node:crypto';
import { Router } from 'express';
import { type PayAndShipmentRequest, payAndShipmentRequestSchema } from '../contracts/events';
import type { DbOrTrx } from '../db/connection';
import { savePaymentRequest } from '../db/payment-requests';
import type { OrderStatus } from '../domain/order-status';
import type { SagaState } from '../domain/saga-state';
import { type Answer, languageOf, message, send, success } from './answer';
import { authenticated, type Identity, identityOf } from './authentication';
import type { RouteDependencies } from './dependencies';
import { answerOnce, repeatable } from './idempotency';
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
      const asked = repeatable(request, who.userId, body);
      const change = async (on: DbOrTrx) => {
        await requestProcessing(on, orderId, who, body);
        return processingStarted(orderId, language);
      };
      const answer =
        asked.id === undefined ? { ...(await change(db)), replayed: false } : await answerOnce(db, asked, change);
      if (!answer.replayed) feeds.announce(orderId);
      send(response, answer);
    },
  );
  return router;
}

const PAYABLE_IN: readonly OrderStatus[] = ['CREATED', 'PENDING_PAYMENT'];
const REFUSED_IN: readonly SagaState[] = ['COMPENSATING', 'NEEDS_OPERATOR'];

async function requestProcessing(
  on: DbOrTrx,
  orderId: number,
  who: Identity,
  requestDto: PayAndShipmentRequest,
): Promise<void> {
  const event = {
    eventId: randomUUID(),
    eventCreatedAt: new Date().toISOString(),
    schemaVersion: 1,
    orderId,
    requestDto,
    retryCount: 0,
  } as const;
  const command = { userId: who.userId, event, payableIn: PAYABLE_IN, refusedIn: REFUSED_IN };
  const outcome = await savePaymentRequest(on, command);
  if (!outcome) throw new ProblemError('ORDER_NOT_FOUND');
  if (outcome.isSaved) return;
  if (!PAYABLE_IN.includes(outcome.status))
    throw new ProblemError('ORDER_NOT_PAYABLE', { orderStatus: outcome.status });
  throw new ProblemError('PAYMENT_IN_PROGRESS');
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
