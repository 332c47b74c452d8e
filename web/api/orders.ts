import type { OrderStatusView, OrderView } from '../../contracts/responses/orders';
import { get, post } from './request';

export type Order = OrderView & { readonly trackingNumber?: string };

export type OrderStatus = OrderStatusView & {
  readonly canPay: boolean;
  readonly canRefund: boolean;
};

export interface Address {
  readonly recipientName: string;
  readonly phone: string;
  readonly postalCode: string;
  readonly address1: string;
  readonly address2?: string;
  readonly country: string;
}

export interface PaymentRequest {
  readonly paymentRequest: { readonly method: string; readonly token: string };
  /** Absent: the one of an earlier request. */
  readonly shipment?: Address;
  readonly warehouseStorage: boolean;
}

const pathOf = (orderId: string) => `/api/orders/${orderId}`;

export const getOrder = (orderId: string) => get<Order>(pathOf(orderId));
export const getOrderStatus = (orderId: string) => get<OrderStatus>(`${pathOf(orderId)}/status`);

/** The order's timeline as server-sent events; `afterId`: of the last entry that is known. */
export const orderEventsUrl = (orderId: string, afterId: number) =>
  `${pathOf(orderId)}/events${afterId > 0 ? `?lastEventId=${afterId}` : ''}`;

/** The same key again is the same request, however often it is sent. */
export const payOrder = (orderId: string, request: PaymentRequest, key: string) =>
  post<unknown>(`${pathOf(orderId)}/process-payment-shipment`, request, key);

/** How a customer ends an order: before it has left, or after it was delivered. */
export type Ending = 'cancel' | 'refund';

export const endOrder = (orderId: string, ending: Ending, reason: string, key: string) =>
  post<unknown>(`${pathOf(orderId)}/${ending}`, { reason }, key);
