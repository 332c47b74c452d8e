import type { RequestTo } from '../../client/endpoints';
import { api } from './api';

export type { Order, OrderStatusDetails as OrderStatus, PaymentOptions } from '../../client/schema';

const PAY = 'POST /api/orders/{orderId}/process-payment-shipment';

export type PaymentRequest = RequestTo<typeof PAY>['body'];
export type Address = NonNullable<PaymentRequest['shipment']>;

export const getOrder = async (orderId: string) =>
  (await api().call('GET /api/orders/{orderId}', { params: { orderId } })).data;

export const getOrderStatus = async (orderId: string) =>
  (await api().call('GET /api/orders/{orderId}/status', { params: { orderId } })).data;

export const getPaymentOptions = async () => (await api().call('GET /api/payment-options')).data;

/** The order's timeline as server-sent events; `afterId`: of the last entry that is known. */
export const orderEventsUrl = (orderId: string, afterId: number) =>
  `/api/orders/${orderId}/events${afterId > 0 ? `?lastEventId=${afterId}` : ''}`;

/** The same key again is the same request, however often it is sent. */
export const payOrder = (orderId: string, body: PaymentRequest, idempotencyKey: string) =>
  api().call(PAY, { params: { orderId }, body, idempotencyKey });

/** How a customer ends an order: before it has left, or after it was delivered. */
export type Ending = 'cancel' | 'refund';

export const endOrder = (orderId: string, ending: Ending, reason: string, idempotencyKey: string) =>
  api().call(`POST /api/orders/{orderId}/${ending}`, { params: { orderId }, body: { reason }, idempotencyKey });
