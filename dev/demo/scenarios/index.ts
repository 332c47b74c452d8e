import { cancelled, delivered, discounted, refunded, stored } from './deliveries';
import { retried, retriesExhausted, timedOut } from './outages';
import { parkedUndo } from './parked-undo';
import { declined, holdExpired, shipmentRefused, shortage } from './refusals';
import type { Scenario } from './scenario';

export type { Scenario, Surroundings } from './scenario';

/** Every scenario, in the order of the table; they run side by side. */
export const SCENARIOS: readonly Scenario[] = [
  delivered,
  stored,
  shortage,
  declined,
  shipmentRefused,
  timedOut,
  retried,
  retriesExhausted,
  holdExpired,
  parkedUndo,
  cancelled,
  refunded,
  discounted,
];
