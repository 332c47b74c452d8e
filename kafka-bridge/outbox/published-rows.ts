import { propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import type { StoredOutboxRow } from '../../db/outbox';
import type { RelayMetrics } from '../../observability/relay-metrics';

/** Measures how long the rows with these ids have waited, and adds that to the trace of each. */
export function recordPublished(metrics: RelayMetrics, rows: readonly StoredOutboxRow[], ids: readonly number[]): void {
  const published = new Set(ids);
  const now = Date.now();
  for (const row of rows) {
    if (!published.has(row.id)) continue;
    const dueAt = Math.max(row.createdAt.getTime(), row.availableAt.getTime());
    metrics.relayLag.observe(Math.max(0, now - dueAt) / 1000);
    addToTrace(row, Math.min(dueAt, now), now);
  }
}

/** From when the row was due to the broker's acknowledgement. The record itself still names what wrote the row. */
function addToTrace({ topic, headers }: StoredOutboxRow, dueAt: number, publishedAt: number): void {
  const { traceparent } = headers;
  if (typeof traceparent !== 'string') return;
  const attributes = {
    'messaging.system': 'kafka',
    'messaging.operation.type': 'send',
    'messaging.destination.name': topic,
  };
  const parent = propagation.extract(ROOT_CONTEXT, { traceparent });
  trace
    .getTracer('ordersaga')
    .startSpan(`publish ${topic}`, { kind: SpanKind.PRODUCER, attributes, startTime: dueAt }, parent)
    .end(publishedAt);
}
