import { queryOptions } from '@tanstack/react-query';
import { getOrder, getOrderStatus, getPaymentOptions } from './orders';

export const orderQuery = (orderId: string) =>
  queryOptions({ queryKey: ['order', orderId, 'details'], queryFn: () => getOrder(orderId) });

export const statusQuery = (orderId: string) =>
  queryOptions({ queryKey: ['order', orderId, 'status'], queryFn: () => getOrderStatus(orderId) });

export const paymentOptionsQuery = queryOptions({
  queryKey: ['payment-options'],
  queryFn: getPaymentOptions,
  staleTime: 60_000,
});
