import { orderWorkflowId, WORKFLOWS } from '../../contracts/workflow-api';
import { expectLedgersToBalance } from './ledgers';
import type { Shop } from './shop';
import { until } from './until';

/** What must hold of orders whatever died on the way: the ledgers balance (I1 to I3, I9), one workflow each (I5), and no outbox row is left (I7). */
export async function expectAllSettled(shop: Shop, orderIds: readonly number[]): Promise<void> {
  for (const orderId of orderIds) await expectLedgersToBalance(shop, orderId);
  await expectOneWorkflowEach(shop, orderIds);
  await expectOutboxPublished(shop, orderIds);
}

/** Exactly one workflow execution has each order's id. */
export async function expectOneWorkflowEach(shop: Shop, orderIds: readonly number[]): Promise<void> {
  const { workflow } = await shop.temporal();
  const wanted = Object.fromEntries(orderIds.map((orderId) => [orderWorkflowId(orderId), 1]));
  // Visibility follows the executions by a moment.
  const counts = await until(
    'every workflow to be listed',
    async () => {
      const found: Record<string, number> = {};
      for await (const { workflowId } of workflow.list({ query: `WorkflowType = '${WORKFLOWS.orderSaga}'` })) {
        if (workflowId in wanted) found[workflowId] = (found[workflowId] ?? 0) + 1;
      }
      return found;
    },
    (found) => Object.keys(found).length === orderIds.length,
  );
  expect(counts).toEqual(wanted);
}

async function expectOutboxPublished(shop: Shop, orderIds: readonly number[]): Promise<void> {
  const waiting = () => shop.db('outbox').whereIn('key', orderIds.map(String)).whereNull('published_at').pluck('id');
  await until('the outbox to be published', waiting, (ids) => ids.length === 0);
}
