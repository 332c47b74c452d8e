import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import { TRACE_HEADER } from '../../contracts/trace-header';
import { FAST_DELAYS } from '../support/environment';
import { Fixture } from '../support/fixture';
import { labelsOf } from '../support/metrics';
import { Shop } from '../support/shop';
import { TestSystem } from '../support/test-system';
import { type CollectedSpan, TraceCollector } from '../support/trace-collector';
import { until } from '../support/until';

const fixture = new Fixture();
const shop = fixture.shop();

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

test('one trace has the request, its record in outbox and Kafka, and every activity and provider call that follows', async () => {
  const collector = await fixture.open(new TraceCollector());
  const settings = { ...FAST_DELAYS, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  const system = await fixture.open(new TestSystem(`trace-${process.pid}`, settings));
  const traced = fixture.use(new Shop(system));
  const code = await traced.issuedCoupon();
  const sku = await traced.product(5);

  const ordering = begunTrace();
  const created = await traced.call<{ orderId: number }>('POST', '/api/orders', {
    headers: ordering.headers,
    body: { lines: [{ sku, quantity: 1 }], couponCode: code },
  });
  const { orderId } = created.body.data;
  await traced.reaches(orderId, 'PENDING_PAYMENT');
  // Slower than a call within a workflow task may be: the parcel is ordered by a regular activity.
  await traced.providers.outage(orderId, 'slow', 'carrier');
  const paying = begunTrace();
  await traced.pay(orderId, { warehouseStorage: true, headers: paying.headers });
  await traced.reaches(orderId, 'COMPLETED', 'SETTLED');

  const ran = (await labelsOf(system.addresses.probes.worker, 'ordersaga_activity_tries_total', 'activity')).filter(
    (activity) => !activity.toLowerCase().includes('coupon') || activity === 'redeemCoupon',
  );
  expect(ran).toEqual(
    expect.arrayContaining(['reserveStock', 'tryAttempt', 'createShipment', 'store', 'redeemCoupon']),
  );
  const spans = await until(
    'the spans of both traces',
    () => Promise.resolve([ordering, paying].map(({ traceId }) => collector.of(traceId))),
    (traces) => ran.every((activity) => traces.flat().some(({ name }) => name === activity)),
  );
  const [ofOrder = [], ofPayment = []] = spans;
  expect(names(ofOrder)).toEqual(
    expect.arrayContaining([
      'POST /api/orders',
      'publish stock.decrease.requested',
      'process stock.decrease.requested',
      'reserveStock',
      'publish order.status.changed',
    ]),
  );
  expect(names(ofPayment)).toEqual(
    expect.arrayContaining([
      'POST /api/orders/:orderId/process-payment-shipment',
      'publish order-processing-topic',
      'process order-processing-topic',
      ...['tryAttempt', 'payment confirm', 'createShipment', 'carrier create', 'store', 'warehouse store'],
    ]),
  );
  const wasLocal = Object.fromEntries(ofPayment.map((span) => [span.name, isLocal(span)]));
  expect(wasLocal).toMatchObject({ tryAttempt: true, createShipment: false });
  for (const { trace, spanId } of [
    { trace: ofOrder, spanId: ordering.spanId },
    { trace: ofPayment, spanId: paying.spanId },
  ]) {
    const known = new Set([spanId, ...trace.map((span) => span.spanId)]);
    expect(trace.filter(({ parentSpanId = '' }) => !known.has(parentSpanId)).map(({ name }) => name)).toEqual([]);
  }
});

function begunTrace() {
  const traceId = randomBytes(16).toString('hex');
  const spanId = randomBytes(8).toString('hex');
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-01` } };
}

const names = (spans: readonly CollectedSpan[]) => [...new Set(spans.map(({ name }) => name))];

const isLocal = ({ attributes }: CollectedSpan) =>
  attributes.find(({ key }) => key === 'temporal.is_local')?.value.boolValue;
