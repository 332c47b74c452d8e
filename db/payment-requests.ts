import type { OrderProcessingEvent } from '../contracts/events';
import { TOPICS } from '../contracts/topics';
import type { Trx } from './connection';
import { traceHeaders } from './outbox';

/**
 * Saves a customer's request with its event and its timeline entry, in the place of retries that wait; false: another
 * request is active, nothing was saved. The order must be locked. One statement, as every customer waits for it.
 */
export async function savePaymentRequest(trx: Trx, event: OrderProcessingEvent): Promise<boolean> {
  const { orderId, eventId, retryCount } = event;
  const value = JSON.stringify(event);
  const result = await trx.raw<{ rows: { isSaved: boolean }[] }>(
    `with active as (
       select from processing_requests
       where order_id = :orderId and (state = 'RUNNING' or (state = 'PENDING' and retry_count = 0))
     ), replaced as (
       update processing_requests set state = 'REPLACED', updated_at = now()
       where order_id = :orderId and state = 'PENDING' and retry_count > 0 and not exists (select from active)
     ), saved as (
       insert into processing_requests (order_id, event_id, retry_count, source, event)
       select :orderId, :eventId, :retryCount, 'api', :value::jsonb where not exists (select from active)
       returning order_id
     ), published as (
       insert into outbox (topic, key, value, headers)
       select :topic, order_id::text, :value, :headers::jsonb from saved
     ), told as (
       insert into timeline (order_id, at, type, data)
       select order_id, :at::timestamptz, 'request', :data::jsonb from saved
     )
     select exists (select from saved) as "isSaved"`,
    {
      orderId,
      eventId,
      retryCount,
      value,
      topic: TOPICS.orderProcessing,
      headers: JSON.stringify(traceHeaders()),
      at: event.eventCreatedAt,
      data: JSON.stringify({ eventId, retryCount }),
    },
  );
  return result.rows[0]?.isSaved === true;
}
