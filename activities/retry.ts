import { encodeDeadLetter } from '../contracts/dead-letters';
import { eventRecord } from '../contracts/event-record';
import { base64Headers, type HeaderBytes, type RecordPosition, type TextHeaders } from '../contracts/record';
import { deadLetterTopic, groupOf, TOPICS } from '../contracts/topics';
import type { Trx } from '../db/connection';
import { addToOutbox, recordRow } from '../db/outbox';
import { insertRequest, type ProcessingRequest, type RecordBytes, recordBytesOf } from '../db/requests';

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
      ...eventRecord(TOPICS.orderRetry, event),
      availableAt: new Date(at.getTime() + policy.delayMs * 2 ** request.retryCount),
    },
  ]);
}

/** Sends a request that failed its last retry to `order-processing-topic.DLT`: its record as it was, byte for byte. */
export async function giveUpRequest(trx: Trx, request: ProcessingRequest, at: Date): Promise<void> {
  const bytes = (await recordBytesOf(trx, request)) ?? writtenBytes(request);
  const record = request.record ?? nowhere(at);
  const deadLetter = encodeDeadLetter(
    {
      ...record,
      key: fromBase64(bytes.key),
      value: fromBase64(bytes.value),
      headers: fromBase64Headers(bytes.headers),
    },
    {
      code: 'RETRIES_EXHAUSTED',
      message: `given up after ${request.retryCount} retries`,
      group: groupOf(record.topic),
    },
  );
  const topic = deadLetterTopic(TOPICS.orderProcessing);
  await addToOutbox(trx, [recordRow({ topic, ...deadLetter, headers: base64Headers(deadLetter.headers) })]);
}

const fromBase64 = (text: string | null) => (text === null ? null : Buffer.from(text, 'base64'));

const fromBase64Headers = (headers: TextHeaders): HeaderBytes =>
  Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, values.map(fromBase64)]));

/** What was written of a request of which the bridge has seen no record: it was signalled by hand. */
function writtenBytes({ orderId, event }: ProcessingRequest): RecordBytes {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return { key: base64(String(orderId)), value: base64(JSON.stringify(event)), headers: {} };
}

/** Where a record was that the bridge has not seen. */
function nowhere(at: Date): RecordPosition {
  return { topic: TOPICS.orderProcessing, partition: -1, offset: '-1', timestamp: String(at.getTime()) };
}
