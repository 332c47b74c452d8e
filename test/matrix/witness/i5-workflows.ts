import type { Check } from './invariant';

/** Of an order that has ended the workflow is over, of any other it waits. */
const ENDED: ReadonlySet<string> = new Set(['COMPLETED', 'CANCELLED', 'REFUNDED']);

/** I5: one workflow each, none failed, none ended while its order goes on, none left behind by an order that has ended. */
export const oneWorkflowEach: Check = async ({ outside, orders }) => {
  const { workflow } = await outside.temporal();
  const executions = new Map<string, string[]>();
  for await (const { workflowId, status } of workflow.list({ query: `WorkflowType in ('orderSaga', 'refundSaga')` }))
    executions.set(workflowId, [...(executions.get(workflowId) ?? []), status.name]);
  return orders.flatMap(({ id, status }) => {
    const found = executions.get(`order-${id}`) ?? [];
    const wanted = ENDED.has(status) ? 'COMPLETED' : 'RUNNING';
    const problems = found.join() === wanted ? [] : [`order ${id} (${status}): workflows ${found.join() || 'none'}`];
    const refunds = executions.get(`refund-${id}`) ?? [];
    if (refunds.some((refund) => refund !== 'COMPLETED')) problems.push(`order ${id}: its refund is ${refunds.join()}`);
    return problems;
  });
};
