import type { OrderProcessingEvent } from '../contracts/events';
import { TOPICS } from '../contracts/topics';
import type { OrderStatus } from '../domain/order-status';
import type { SagaState } from '../domain/saga-state';
import type { DbOrTrx } from './connection';
import { traceHeaders } from './outbox';

/** The order's state when the request came, and whether the request was saved. */
export interface PaymentRequestOutcome {
  readonly status: OrderStatus;
  readonly sagaState: SagaState;
  readonly isSaved: boolean;
}

/**
 * Saves a customer's request with its event and its timeline entry, in the place of retries that wait, if the order is
 * the user's own, its state allows it and no other request is active; undefined: the user has no such order. One call,
 * as every customer waits for it: the database's function locks the order, and looks again when it has it.
 */
export async function savePaymentRequest(
  db: DbOrTrx,
  request: {
    readonly userId: string;
    /** Without the customer's address, which is the order's. */
    readonly event: Omit<OrderProcessingEvent, 'userEmail'>;
    readonly payableIn: readonly OrderStatus[];
    readonly refusedIn: readonly SagaState[];
  },
): Promise<PaymentRequestOutcome | undefined> {
  const { orderId, eventId, retryCount, eventCreatedAt } = request.event;
  const result = await db.raw<{ rows: PaymentRequestOutcome[] }>(
    `select status, saga_state as "sagaState", is_saved as "isSaved"
     from request_payment(?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      orderId,
      request.userId,
      request.payableIn as OrderStatus[],
      request.refusedIn as SagaState[],
      JSON.stringify(request.event),
      TOPICS.orderProcessing,
      JSON.stringify(traceHeaders()),
      eventCreatedAt,
      JSON.stringify({ eventId, retryCount }),
    ],
  );
  return result.rows[0];
}
