/** Why a step, an attempt or an order came to an end other than hoped; stable, in timelines, events and failures. */
export const FAILURE_CODES = [
  'STOCK_SHORTAGE',
  'STOCK_FAILED_ELSEWHERE',
  'HOLD_EXPIRED',
  'CARD_DECLINED',
  'SHIPMENT_REFUSED',
  'STORE_REFUSED',
  'UNDO_REFUSED',
  'ALREADY_PICKED_UP',
  'PROVIDER_UNAVAILABLE',
  'OUTCOME_UNKNOWN',
  'RETRIES_EXHAUSTED',
  'TOO_MANY_DECLINES',
  'CANCELLED_BY_CUSTOMER',
  'CANCELLED_BY_OPERATOR',
  'CANCELLED_IN_TEMPORAL',
  'REFUNDED_BY_REQUEST',
  'ILLEGAL_MOVE',
  'STEP_CLOSED',
  'HISTORY_TOO_LONG',
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];
