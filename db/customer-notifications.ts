import type { Trx } from './connection';
import { addNotification } from './notifications';
import type { Order } from './orders';

export type Outcome =
  | 'PREPARING'
  | 'STORED'
  | 'DELIVERED'
  | 'PAYMENT_FAILED'
  | 'RETRY_SCHEDULED'
  | 'CANCELLED'
  | 'REFUNDED'
  | 'REFUND_REFUSED';

const TEXT: Readonly<Record<Outcome, (orderId: number, reason: string) => string>> = {
  PREPARING: (id) => `주문 ${id}의 결제가 완료되었습니다. 상품을 준비하고 있습니다.`,
  STORED: (id) => `주문 ${id}의 결제가 완료되었습니다. 상품을 창고에 보관했습니다.`,
  DELIVERED: (id) => `주문 ${id}의 배송이 완료되었습니다.`,
  PAYMENT_FAILED: (id, reason) =>
    `주문 ${id}의 결제가 완료되지 않았습니다(${reason}). 다른 결제 수단으로 다시 시도해 주세요.`,
  RETRY_SCHEDULED: (id) => `주문 ${id}의 결제가 지연되고 있습니다. 잠시 후 자동으로 다시 시도합니다.`,
  CANCELLED: (id, reason) => `주문 ${id}이(가) 취소되었습니다(${reason}).`,
  REFUNDED: (id) => `주문 ${id}의 환불이 완료되었습니다.`,
  REFUND_REFUSED: (id, reason) => `주문 ${id}의 환불 요청이 거절되었습니다(${reason}).`,
};

export function notificationText(outcome: Outcome, orderId: number, reason = ''): string {
  return TEXT[outcome](orderId, reason);
}

/** Writes the customer's notification, once an outcome; outcomes that can recur in an order name the occurrence. */
export async function notifyCustomer(
  trx: Trx,
  order: Pick<Order, 'id' | 'userEmail'>,
  outcome: Outcome,
  detail: { reason?: string; occurrence?: string } = {},
): Promise<void> {
  await addNotification(trx, {
    orderId: order.id,
    outcome,
    dedupeKey: detail.occurrence === undefined ? outcome : `${outcome}:${detail.occurrence}`,
    recipient: order.userEmail,
    body: notificationText(outcome, order.id, detail.reason),
  });
}
