import type { Db } from '../../db/connection';
import { orderFactsheets } from '../../db/order-facts';
import type { Finding } from '../../domain/finding';
import type { Workflows } from '../../temporal/workflows';
import { orderDifferences } from './order-rules';
import type { ComparedProviders } from './provider-readings';
import { workflowDifferences } from './workflow-rules';

export interface ExaminedParts {
  readonly db: Db;
  readonly workflows: Workflows;
  readonly providers: ComparedProviders;
  /** What has moved within it is no finding. */
  readonly graceMs: number;
}

/** Everything about these orders that is not as it has to be, but for what providers have. Changes nothing. */
export async function examineOrders(parts: ExaminedParts, orderIds: readonly number[]): Promise<Finding[]> {
  if (orderIds.length === 0) return [];
  const orders = await orderFactsheets(parts.db, orderIds);
  // In the order in which they are fixed: a record is for a workflow that runs.
  const ended = await workflowDifferences(parts, orders, parts);
  return [...ended, ...orders.flatMap((order) => orderDifferences(order, parts))];
}
