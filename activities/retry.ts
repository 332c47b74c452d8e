import { deadLetterOf } from '../contracts/dead-letters';
import { deadLetterTopic, TOPICS } from '../contracts/topics';
import type { RecordPosition } from '../contracts/workflow-api';
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
    record: request.record ?? nowhere(at),
    key,
    value: JSON.stringify(request.event),
    cause: { code: 'RETRIES_EXHAUSTED', message: `given up after ${request.retryCount} retries` },
  });
  await addToOutbox(trx, [{ topic: deadLetterTopic(TOPICS.orderProcessing), key, ...letter }]);
}

/** Where a record stood that the bridge has not noted. */
function nowhere(at: Date): RecordPosition {
  return { topic: TOPICS.orderProcessing, partition: -1, offset: '-1', timestamp: String(at.getTime()) };
}
