import { deadLetterOf, nowhereIn } from '../contracts/dead-letters';
import { deadLetterTopic, TOPICS } from '../contracts/topics';
import type { Trx } from '../db/connection';
import { addToOutbox } from '../db/outbox';
import { insertRequest, type ProcessingRequest } from '../db/requests';

export interface RetryPolicy {
  readonly delayMs: number;
}

/** Sends the request to `order-retry-topic`, one retryCount on, after a delay that doubles each time. */
export async function scheduleRetry(
  trx: Trx,
  request: ProcessingRequest,
  policy: RetryPolicy,
  at: Date,
): Promise<void> {
  const event = { ...request.event, retryCount: request.retryCount + 1 };
  await insertRequest(trx, event, 'retry');
  await addToOutbox(trx, [
    {
      topic: TOPICS.orderRetry,
      key: String(request.orderId),
      value: JSON.stringify(event),
      availableAt: new Date(at.getTime() + policy.delayMs * 2 ** request.retryCount),
    },
  ]);
}

/** Sends a request that failed its last retry to `order-processing-topic.DLT`. */
export async function giveUpRequest(trx: Trx, request: ProcessingRequest, at: Date): Promise<void> {
  const key = String(request.orderId);
  const letter = deadLetterOf({
    // The bridge may not have noted where the record stood.
    record: request.record ?? nowhereIn(TOPICS.orderProcessing, at),
    key,
    value: JSON.stringify(request.event),
    cause: { code: 'RETRIES_EXHAUSTED', message: `given up after ${request.retryCount} retries` },
  });
  await addToOutbox(trx, [{ topic: deadLetterTopic(TOPICS.orderProcessing), key, ...letter }]);
}
