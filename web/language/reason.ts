import type { en } from './en';

export type Reason = Exclude<keyof typeof en.reason, 'title'>;

/** What customers read of a code; other codes say nothing that would help them. */
const REASONS: Readonly<Record<string, Reason>> = {
  CARD_DECLINED: 'declined',
  GENERIC_DECLINE: 'declined',
  INVALID_TOKEN: 'cardUnknown',
  INCORRECT_NUMBER: 'cardUnknown',
  INCORRECT_CVC: 'cardUnknown',
  INSUFFICIENT_FUNDS: 'funds',
  EXPIRED_CARD: 'cardExpired',
  AUTHENTICATION_REQUIRED: 'confirmation',
  SHIPMENT_REFUSED: 'shipment',
  STORE_REFUSED: 'storage',
  STOCK_SHORTAGE: 'stock',
  STOCK_FAILED_ELSEWHERE: 'stock',
  HOLD_EXPIRED: 'holdExpired',
  CANCELLED_BY_CUSTOMER: 'byCustomer',
  CANCELLED_BY_OPERATOR: 'byShop',
  CANCELLED_IN_TEMPORAL: 'byShop',
  TOO_MANY_DECLINES: 'declines',
  TOO_MANY_ATTEMPTS: 'attempts',
  RETRIES_EXHAUSTED: 'unavailable',
  PROVIDER_UNAVAILABLE: 'unavailable',
  OUTCOME_UNKNOWN: 'unavailable',
  CREDENTIALS_REFUSED: 'unavailable',
  REQUEST_LOST: 'requestLost',
  UNDO_REFUSED: 'refundRefused',
  ALREADY_PICKED_UP: 'pickedUp',
};

export const reasonOf = (code: unknown): Reason | undefined => (typeof code === 'string' ? REASONS[code] : undefined);
