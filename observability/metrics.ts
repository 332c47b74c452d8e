import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** A process's metrics, served at /metrics. */
export class Metrics {
  readonly registry = new Registry();

  readonly httpDuration = new Histogram({
    name: 'ordersaga_http_request_duration_seconds',
    help: 'Response time, by route',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: [this.registry],
  });
  readonly records = new Counter({
    name: 'ordersaga_kafka_records_total',
    help: 'Kafka records by how they ended: processed, duplicate or dead; waiting: behind a dead letter of their key',
    labelNames: ['topic', 'outcome'] as const,
    registers: [this.registry],
  });
  readonly consumerLag = new Gauge({
    name: 'ordersaga_kafka_consumer_lag',
    help: 'Records behind the end of the partition',
    labelNames: ['topic', 'partition'] as const,
    registers: [this.registry],
  });
  readonly consumerPaused = new Gauge({
    name: 'ordersaga_kafka_partition_paused',
    help: '1 while a partition waits after a failure',
    labelNames: ['topic', 'partition'] as const,
    registers: [this.registry],
  });
  readonly deadLetterIndexFailing = new Gauge({
    name: 'ordersaga_dead_letter_index_failing',
    help: '1 while the dead letters of a topic are not indexed',
    labelNames: ['topic'] as const,
    registers: [this.registry],
  });
  readonly outboxWaiting = new Gauge({
    name: 'ordersaga_outbox_waiting',
    help: 'Outbox rows that are due and not yet published',
    registers: [this.registry],
  });
  readonly outboxAge = new Gauge({
    name: 'ordersaga_outbox_oldest_age_seconds',
    help: 'How long the oldest due row has waited',
    registers: [this.registry],
  });
  readonly rowsPurged = new Counter({
    name: 'ordersaga_rows_purged_total',
    help: 'Rows whose retention was over, by table',
    labelNames: ['table'] as const,
    registers: [this.registry],
  });
  readonly waitingRecords = new Gauge({
    name: 'ordersaga_waiting_records',
    help: 'Records that wait behind a dead letter of their key',
    registers: [this.registry],
  });
  readonly relayLag = new Histogram({
    name: 'ordersaga_relay_lag_seconds',
    help: 'From insertion of an outbox row (or when it became due) to the acknowledgement of the broker',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30],
    registers: [this.registry],
  });
  readonly sagaOutcomes = new Counter({
    name: 'ordersaga_saga_outcomes_total',
    help: 'Steps and sagas by how they ended',
    labelNames: ['step', 'outcome'] as const,
    registers: [this.registry],
  });

  readonly couponResponses = new Counter({
    name: 'ordersaga_coupon_responses_total',
    help: 'Responses to requests for coupons: ACCEPTED or the code of the refusal, by the gate in Redis or by Postgres',
    labelNames: ['outcome', 'by'] as const,
    registers: [this.registry],
  });

  readonly openStreams = new Gauge({
    name: 'ordersaga_open_streams',
    help: 'Readers that follow the timeline of an order',
    labelNames: ['kind'] as const,
    registers: [this.registry],
  });
  readonly streamsDropped = new Counter({
    name: 'ordersaga_streams_dropped_total',
    help: 'Readers that were dropped because they read too slowly',
    labelNames: ['kind'] as const,
    registers: [this.registry],
  });

  constructor(role: string) {
    this.registry.setDefaultLabels({ role });
    collectDefaultMetrics({ register: this.registry });
  }
}
