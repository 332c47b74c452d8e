/** The order's life: every status, what people see of it, and the only moves there are. */
export const ORDER_STATUSES = [
  'CREATED',
  'PENDING_PAYMENT',
  'PAYMENT_COMPLETED',
  'PREPARING',
  'IN_WAREHOUSE',
  'SHIPMENT_STARTED',
  'IN_TRANSIT',
  'COMPLETED',
  'REFUND_REQUESTED',
  'REFUNDED',
  'CANCELLED',
] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

interface StatusFacts {
  readonly label: { readonly ko: string; readonly en: string };
  readonly progressPercentage: number;
  readonly cancellable: boolean;
  readonly next: readonly OrderStatus[];
}

const FACTS: Readonly<Record<OrderStatus, StatusFacts>> = {
  CREATED: {
    label: { ko: '주문 생성', en: 'Order created' },
    progressPercentage: 5,
    cancellable: true,
    next: ['PENDING_PAYMENT', 'CANCELLED'],
  },
  PENDING_PAYMENT: {
    label: { ko: '결제 대기', en: 'Waiting for payment' },
    progressPercentage: 15,
    cancellable: true,
    next: ['PAYMENT_COMPLETED', 'CANCELLED'],
  },
  PAYMENT_COMPLETED: {
    label: { ko: '결제 완료', en: 'Paid' },
    progressPercentage: 40,
    cancellable: true,
    next: ['PREPARING', 'IN_WAREHOUSE', 'PENDING_PAYMENT', 'CANCELLED'],
  },
  PREPARING: {
    label: { ko: '상품 준비 중', en: 'Preparing' },
    progressPercentage: 55,
    cancellable: true,
    next: ['SHIPMENT_STARTED', 'CANCELLED'],
  },
  IN_WAREHOUSE: {
    label: { ko: '창고 보관 중', en: 'In the warehouse' },
    progressPercentage: 70,
    cancellable: false,
    next: ['COMPLETED'],
  },
  SHIPMENT_STARTED: {
    label: { ko: '배송 시작', en: 'Shipped' },
    progressPercentage: 75,
    cancellable: false,
    next: ['IN_TRANSIT', 'REFUND_REQUESTED'],
  },
  IN_TRANSIT: {
    label: { ko: '배송 중', en: 'In transit' },
    progressPercentage: 90,
    cancellable: false,
    next: ['COMPLETED', 'REFUND_REQUESTED'],
  },
  COMPLETED: {
    label: { ko: '완료', en: 'Completed' },
    progressPercentage: 100,
    cancellable: false,
    next: ['REFUND_REQUESTED'],
  },
  REFUND_REQUESTED: {
    label: { ko: '환불 요청', en: 'Refund requested' },
    progressPercentage: 100,
    cancellable: false,
    next: ['REFUNDED', 'COMPLETED'],
  },
  REFUNDED: {
    label: { ko: '환불 완료', en: 'Refunded' },
    progressPercentage: 100,
    cancellable: false,
    next: [],
  },
  CANCELLED: {
    label: { ko: '취소', en: 'Cancelled' },
    progressPercentage: 100,
    cancellable: false,
    next: [],
  },
};

/** The one function that decides a move; the database holds the same moves and refuses the others too. */
export function canTransitionTo(from: OrderStatus, to: OrderStatus): boolean {
  return FACTS[from].next.includes(to);
}

/** Where an order can go from here; empty: this status is final. */
export function nextStatuses(from: OrderStatus): readonly OrderStatus[] {
  return FACTS[from].next;
}

/** Whether a customer may still cancel; false from the moment the goods have left. */
export function isCancellable(status: OrderStatus): boolean {
  return FACTS[status].cancellable;
}

/** How far the order is, 0 to 100, for a progress bar. */
export function progressPercentage(status: OrderStatus): number {
  return FACTS[status].progressPercentage;
}

/** The status in the customer's words. */
export function statusLabel(status: OrderStatus, language: 'ko' | 'en'): string {
  return FACTS[status].label[language];
}

const DELIVERY_PATH = ['PREPARING', 'SHIPMENT_STARTED', 'IN_TRANSIT', 'COMPLETED'] as const;

/** The statuses to pass, in order, from `from` up to `to` on the way of a delivery; empty: `to` is behind or elsewhere. */
export function deliveryPath(from: OrderStatus, to: OrderStatus): OrderStatus[] {
  const path: readonly OrderStatus[] = DELIVERY_PATH;
  const start = path.indexOf(from);
  const end = path.indexOf(to);
  return start < 0 || end <= start ? [] : path.slice(start + 1, end + 1);
}

/** The carrier has the parcel, and it has not arrived. */
export function isOnItsWay(status: OrderStatus): boolean {
  return status === 'SHIPMENT_STARTED' || status === 'IN_TRANSIT';
}
