import { randomUUID } from 'node:crypto';
import type { PayAndShipmentRequest } from '../../contracts/events';
import { type PayAndShipmentBody, payAndShipmentBodySchema } from '../../contracts/http';
import type { Text } from '../../contracts/language';
import { processingSchema } from '../../contracts/responses/orders';
import type { DbOrTrx } from '../../db/connection';
import { savePaymentRequest } from '../../db/payment-requests';
import { latestDelivery } from '../../db/requests';
import type { OrderStatus } from '../../domain/order-status';
import type { SagaState } from '../../domain/saga-state';
import type { Identity } from '../access/identity';
import { ProblemError } from '../problem';
import { usualTime } from '../processing-estimate';
import { Rendered } from '../rendered';
import { route } from '../route';
import { visibleOrder } from './order-access';
import { ofOrder } from './orders';

const ACCEPTED: Text = {
  ko: '주문이 접수되었습니다. 결제를 처리하고 있습니다.',
  en: 'Your order was received. The payment is being processed.',
};

/** The request to pay and ship: saved with its event, accepted at once, worked on by the order's saga. */
export const paymentRoutes = [
  route('POST /api/orders/{orderId}/process-payment-shipment', {
    id: 'payAndShip',
    summary: 'Pay and ship: accepted at once, worked on by the saga',
    access: 'customer',
    isIdempotent: true,
    ...ofOrder,
    body: payAndShipmentBodySchema,
    response: {
      status: 202,
      data: processingSchema,
      message: { ko: '주문 처리가 시작되었습니다.', en: 'Processing of the order has started.' },
    },
    problems: ['ORDER_NOT_FOUND', 'ORDER_NOT_PAYABLE', 'PAYMENT_IN_PROGRESS', 'SHIPMENT_MISSING'],
    async handle({ params: { orderId }, body, who, language, hasKey, once }, { db, feeds, relay, estimate }) {
      const accept = async (on: DbOrTrx, notifies: boolean) => {
        await requestProcessing(on, orderId, who, await withDelivery(on, orderId, who, body), notifies);
        return {
          data: {
            orderId,
            status: 'PROCESSING' as const,
            message: ACCEPTED[language],
            estimatedProcessingTime: usualTime(estimate.recent(), language),
            websocketTopic: `/topic/order/${orderId}`,
            statusCheckUrl: `/api/orders/${orderId}/status`,
          },
        };
      };
      // Without a key there is nothing to save beside the request, which is one statement.
      const outcome = await relay.during(async (notifies) =>
        hasKey ? await once((on) => accept(on, notifies)) : await accept(db, notifies),
      );
      if (!(outcome instanceof Rendered && outcome.isReplayed)) feeds.announce(orderId);
      return outcome;
    },
  }),
] as const;

/** A customer who pays again, another way, need not say again where to. */
async function withDelivery(
  on: DbOrTrx,
  orderId: number,
  who: Identity,
  { paymentRequest, shipment, warehouseStorage }: PayAndShipmentBody,
): Promise<PayAndShipmentRequest> {
  if (shipment) return { paymentRequest, shipment, warehouseStorage: warehouseStorage ?? false };
  const order = await visibleOrder(on, orderId, who);
  if (order.userId !== who.userId) throw new ProblemError('ORDER_NOT_FOUND');
  const latest = await latestDelivery(on, orderId);
  if (!latest) throw new ProblemError('SHIPMENT_MISSING');
  return {
    paymentRequest,
    shipment: latest.shipment,
    warehouseStorage: warehouseStorage ?? latest.warehouseStorage,
  };
}

const PAYABLE_IN: readonly OrderStatus[] = ['CREATED', 'PENDING_PAYMENT'];
const REFUSED_IN: readonly SagaState[] = ['COMPENSATING', 'NEEDS_OPERATOR'];

async function requestProcessing(
  on: DbOrTrx,
  orderId: number,
  who: Identity,
  requestDto: PayAndShipmentRequest,
  notifies: boolean,
): Promise<void> {
  const event = {
    eventId: randomUUID(),
    eventCreatedAt: new Date().toISOString(),
    schemaVersion: 1,
    orderId,
    requestDto,
    retryCount: 0,
  } as const;
  const request = { userId: who.userId, event, payableIn: PAYABLE_IN, refusedIn: REFUSED_IN, notifies };
  const outcome = await savePaymentRequest(on, request);
  if (!outcome) throw new ProblemError('ORDER_NOT_FOUND');
  if (outcome.isSaved) return;
  if (!PAYABLE_IN.includes(outcome.status))
    throw new ProblemError('ORDER_NOT_PAYABLE', { orderStatus: outcome.status });
  throw new ProblemError('PAYMENT_IN_PROGRESS');
}
