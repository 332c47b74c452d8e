import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { IncomingRecord } from '../client/kafka-port';

/** Runs `work` in the trace that the record's headers name, or in a new one. */
export function inTraceOf<T>(record: IncomingRecord, groupId: string, work: () => Promise<T>): Promise<T> {
  const carrier = Object.fromEntries(
    Object.entries(record.headers).map(([name, values]) => [name.toLowerCase(), values.at(-1)?.toString() ?? '']),
  );
  const parent = propagation.extract(ROOT_CONTEXT, carrier);
  const span = trace.getTracer('ordersaga').startSpan(
    `process ${record.topic}`,
    {
      kind: SpanKind.CONSUMER,
      attributes: {
        'messaging.system': 'kafka',
        'messaging.operation.type': 'process',
        'messaging.destination.name': record.topic,
        'messaging.destination.partition.id': String(record.partition),
        'messaging.kafka.offset': Number(record.offset),
        'messaging.consumer.group.name': groupId,
      },
    },
    parent,
  );
  return context.with(trace.setSpan(parent, span), async () => {
    try {
      return await work();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' });
      throw error;
    } finally {
      span.end();
    }
  });
}
