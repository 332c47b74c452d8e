import type { OrderProcessingEvent } from '../contracts/events';
import type { OrderStatus } from '../domain/order-status';
import type { SagaState } from '../domain/saga-state';
import type { DbOrTrx } from './connection';
import { callFunction } from './functions';
import { traceHeaders } from './outbox';

/** The order's state when the request came, and whether the request was saved. */
export interface PaymentRequestOutcome {
  readonly status: OrderStatus;
  readonly sagaState: SagaState;
  readonly isSaved: boolean;
}

/**
 * Saves a customer's request with its event and its timeline entry, in the place of retries that wait, if the order is
 * the user's own, its state allows it and no other request is active; undefined: the user has no such order.
 */
export async function savePaymentRequest(
  db: DbOrTrx,
  request: {
    readonly userId: string;
    /** Without the customer's address, which is the order's. */
    readonly event: Omit<OrderProcessingEvent, 'userEmail'>;
    readonly payableIn: readonly OrderStatus[];
    readonly refusedIn: readonly SagaState[];
    /** False: the commit is not to wake the relay, as that is done after it. */
    readonly notifies?: boolean;
  },
): Promise<PaymentRequestOutcome | undefined> {
  const asked = { ...request, headers: traceHeaders() };
  return (await callFunction<PaymentRequestOutcome | null>(db, 'request_payment', asked)) ?? undefined;
}
