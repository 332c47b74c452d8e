import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Of what waits for a network or a person's machine: 5 ms to 2 minutes. */
const CALL_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];
/** Of what may wait for retries: 50 ms to an hour. */
const ATTEMPT_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600, 3600];

/**
 * A process's metrics, served at /metrics. Labels are bounded: no ids of orders or customers, and no code that another system
 * makes up.
 */
export class Metrics {
  readonly registry = new Registry();

  readonly httpDuration = this.histogram(
    'ordersaga_http_request_duration_seconds',
    'Response time, by route',
    ['method', 'route', 'status'],
    [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  );
  readonly couponResponses = this.counter(
    'ordersaga_coupon_responses_total',
    'Responses to requests for coupons: ACCEPTED or the code of the refusal, by the gate in Redis or by Postgres',
    ['outcome', 'by'],
  );

  readonly records = this.counter(
    'ordersaga_kafka_records_total',
    'Kafka records by how they ended: processed, duplicate or dead; waiting: behind a dead letter of their key',
    ['topic', 'outcome'],
  );
  readonly consumerLag = this.gauge(
    'ordersaga_kafka_consumer_lag_records',
    'Records of a partition that the consumer group has not committed; every bridge measures all partitions',
    ['topic', 'partition', 'group'],
  );
  readonly consumerPaused = this.gauge(
    'ordersaga_kafka_partition_paused',
    '1 while a partition waits after a failure',
    ['topic', 'partition'],
  );
  readonly deadLetterIndexFailing = this.gauge(
    'ordersaga_dead_letter_index_failing',
    '1 while the dead letters of a topic are not indexed',
    ['topic'],
  );

  readonly stepDuration = this.histogram(
    'ordersaga_step_duration_seconds',
    'One try of a step of an order, by direction (do or undo) and outcome: done, or the kind of its failure',
    ['step', 'direction', 'outcome'],
    CALL_SECONDS,
  );
  readonly activityTries = this.counter(
    'ordersaga_activity_tries_total',
    'Tries of activities, by outcome: done, or the kind of their failure',
    ['activity', 'outcome'],
  );
  readonly attemptDuration = this.histogram(
    'ordersaga_attempt_duration_seconds',
    "From the customer's payment request to the end of an attempt, by outcome: PREPARING or IN_WAREHOUSE; undone: RETRY, AWAIT_CUSTOMER, CANCEL or GIVE_UP",
    ['outcome'],
    ATTEMPT_SECONDS,
  );
  readonly providerCalls = this.histogram(
    'ordersaga_provider_call_duration_seconds',
    'One call to a provider, by outcome: done, refused, closed, unavailable, unknown, credentials, rejected or ended by us',
    ['provider', 'operation', 'outcome'],
    CALL_SECONDS,
  );

  private readonly otherSources: (() => Promise<string>)[] = [];

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

  /** Adds metrics in the same format that something else in this process keeps. */
  include(source: () => Promise<string>): void {
    this.otherSources.push(source);
  }

  /** All of them, in the format of Prometheus. */
  async text(): Promise<string> {
    const own = await this.registry.metrics();
    const others = await Promise.all(this.otherSources.map((read) => read()));
    return [own, ...others].join('\n');
  }

  protected counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  protected gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }

  protected histogram<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    buckets: number[],
  ): Histogram<Label> {
    return new Histogram({ name, help, labelNames, buckets, registers: [this.registry] });
  }
}
