/** The workflows that a worker runs: the bundle's entry. */
export { couponSaga } from './coupon-saga';
export { deadLetterReplay } from './dead-letter-replay';
export { orderSaga } from './order-saga';
export { reconciliation, scheduledReconciliation } from './reconciliation';
export { refundSaga } from './refund-saga';
