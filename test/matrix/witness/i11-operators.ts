import { type Check, idsOf } from './invariant';

/** I11: what waits for a person, or has failed for good, is on the operators' list. */
export const operatorsSeeIt: Check = async (checked) => {
  const { outside } = checked;
  const unlisted = await outside.rows<{ what: string }>(
    `select 'order ' || o.id || ' needs an operator' as what from orders o
       where o.id = any($1) and o.saga_state = 'NEEDS_OPERATOR' and not exists (
         select from operator_items i where i.state = 'OPEN' and i.order_id = o.id)
     union all
     select 'dead letter ' || d.topic || '/' || d.partition || '/' || d.record_offset from dead_letters d
       where not exists (select from dead_letter_decisions c
           where (c.topic, c.partition, c.record_offset) = (d.topic, d.partition, d.record_offset))
         and not exists (select from operator_items i where i.state = 'OPEN' and i.kind = 'DEAD_LETTER')`,
    [idsOf(checked)],
  );
  const { workflow } = await outside.temporal();
  const failed: string[] = [];
  for await (const { workflowId } of workflow.list({
    query: `ExecutionStatus in ('Failed', 'TimedOut', 'Terminated')`,
  })) {
    const [listed] = await outside.rows(
      `select from operator_items where kind = 'FAILED_WORKFLOW' and workflow_id = $1`,
      [workflowId],
    );
    if (!listed) failed.push(`workflow ${workflowId} has failed`);
  }
  return [...unlisted.map(({ what }) => what), ...failed].map((what) => `${what}, and is not on the operators' list`);
};
