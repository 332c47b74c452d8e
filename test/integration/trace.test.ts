import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import { TRACE_HEADER } from '../../contracts/trace-header';
import { Fixture } from '../support/fixture';
import { until } from '../support/until';

const shop = new Fixture().shop();

test('a trace travels from HTTP through outbox, Kafka and workflow into the activities, and out again', async () => {
  const traceId = randomBytes(16).toString('hex');
  const sku = await shop.product(5);
  const created = await shop.call<{ orderId: number }>('POST', '/api/orders', {
    headers: { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` },
    body: { lines: [{ sku, quantity: 1 }] },
  });
  const { orderId } = created.body.data;
  await shop.reaches(orderId, 'PENDING_PAYMENT');

  const rows = await until(
    'the outbox rows',
    () =>
      shop
        .db('outbox')
        .where({ key: String(orderId) })
        .orderBy('id')
        .select('topic', 'value', 'headers'),
    (found) => found.some((row) => String(row.value).includes('PENDING_PAYMENT')),
  );
  const byActivity = rows.find((row) => String(row.value).includes('PENDING_PAYMENT')) as {
    headers: { traceparent?: string };
  };
  expect(byActivity.headers.traceparent).toContain(traceId);

  const { events } = await (await shop.temporal()).workflow.getHandle(`order-${orderId}`).fetchHistory();
  const payload = events?.[0]?.workflowExecutionStartedEventAttributes?.header?.fields?.[TRACE_HEADER];
  expect(payload && defaultPayloadConverter.fromPayload<{ traceparent: string }>(payload).traceparent).toContain(
    traceId,
  );
  await shop.close();
});
