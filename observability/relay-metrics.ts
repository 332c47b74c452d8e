import { Metrics } from './metrics';

/** What only a relay measures. */
export class RelayMetrics extends Metrics {
  readonly relayLag = this.histogram(
    'ordersaga_relay_lag_seconds',
    'From insertion of an outbox row (or when it became due) to the acknowledgement of the broker',
    [],
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30],
  );
  readonly rowsPurged = this.counter('ordersaga_rows_purged_total', 'Rows whose retention was over, by table', [
    'table',
  ]);

  // Facts of the database, which every relay reads anew again and again: a restart forgets nothing of them.
  readonly sampledAt = this.gauge(
    'ordersaga_backlog_sampled_timestamp_seconds',
    'Unix time at which this process last read the metrics that are facts of the database',
    [],
  );
  readonly outboxDue = this.gauge('ordersaga_outbox_due_rows', 'Outbox rows that are due and not yet published', []);
  readonly outboxAge = this.gauge(
    'ordersaga_outbox_oldest_age_seconds',
    'How long the oldest due outbox row has waited',
    [],
  );
  readonly waitingRecords = this.gauge(
    'ordersaga_waiting_records',
    'Records that wait behind a dead letter of their key',
    [],
  );
  readonly openItems = this.gauge('ordersaga_operator_items_open', 'Open operator items, by kind and cause', [
    'kind',
    'cause',
  ]);
  readonly oldestItem = this.gauge(
    'ordersaga_operator_items_oldest_age_seconds',
    'How long the oldest open operator item of a kind has been open; 0: none is',
    ['kind'],
  );
  readonly amountAtRisk = this.gauge(
    'ordersaga_operator_items_at_risk_minor_units',
    'Money at risk in the open operator items of a kind, in minor units of CURRENCY',
    ['kind'],
  );
  readonly deadLettersOpen = this.gauge(
    'ordersaga_dead_letters_open',
    'Dead letters that nobody has decided about, by dead-letter topic',
    ['topic'],
  );
  readonly ordersAtWork = this.gauge(
    'ordersaga_orders_at_work',
    'Orders whose saga is RUNNING, COMPENSATING or NEEDS_OPERATOR',
    ['saga_state'],
  );
  readonly oldestAtWork = this.gauge(
    'ordersaga_orders_at_work_oldest_age_seconds',
    'How long the order that has been in this saga state for longest has been in it; 0: none is',
    ['saga_state'],
  );
}
