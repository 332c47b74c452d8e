import type { Db } from '../db/connection';
import {
  closeOperatorItems,
  findItemDecision,
  findOperatorItem,
  lockOperatorItem,
  type OperatorItem,
} from '../db/operator-items';
import type { OperatorItemKind } from '../domain/operator-item';
import type { Workflows } from '../temporal/workflows';
import { type Decision, OperationRefused, takeDecision } from './decision';
import { whatToDo } from './what-to-do';

/** Nothing in the system decides about their cause, so a person says that it is seen to. The others end with their own decision, or heal. */
const ACKNOWLEDGED: ReadonlySet<OperatorItemKind> = new Set(['FAILED_WORKFLOW', 'LOST_REQUEST']);

/** Closes an item that somebody has seen to. False: it was decided so before, under the same id. Throws OperationRefused. */
export async function resolveItem(db: Db, workflows: Workflows, id: number, decision: Decision): Promise<boolean> {
  const found = await findOperatorItem(db, id);
  if (!found) throw new OperationRefused('ITEM_NOT_FOUND');
  const isAcknowledged = ACKNOWLEDGED.has(found.kind) || (await isWorkflowOver(workflows, found));
  return db.transaction(async (trx) => {
    const item = await lockOperatorItem(trx, id);
    if (!item) throw new OperationRefused('ITEM_NOT_FOUND');
    const { decisionId, actor, reason } = decision;
    return takeDecision(decision, {
      async earlier() {
        const decided = await findItemDecision(trx, decisionId);
        return decided === undefined ? undefined : decided === id ? 'same' : { usedFor: { item: decided } };
      },
      async check() {
        if (item.state !== 'OPEN') throw new OperationRefused('ITEM_CLOSED', { state: item.state });
        if (!isAcknowledged) throw new OperationRefused('ITEM_HAS_OWN_DECISION', { whatToDo: whatToDo(item) });
      },
      async act() {
        const { kind, subject } = item;
        const closing = { state: 'RESOLVED', decision: 'ACKNOWLEDGED', decisionId, actor, reason } as const;
        await closeOperatorItems(trx, { kind, subject }, closing);
        return true;
      },
    });
  });
}

/** Whether the workflow that would take the item's own decision runs no more, e.g. as it was terminated. */
async function isWorkflowOver(workflows: Workflows, { workflowId }: OperatorItem): Promise<boolean> {
  return workflowId !== null && (await workflows.describe(workflowId))?.status !== 'RUNNING';
}
