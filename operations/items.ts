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
import { OperationRefused } from './refusal';

/** Whose cause nothing in the system decides about: somebody has seen to it. The others end with their own decision, or heal. */
const ACKNOWLEDGED: ReadonlySet<OperatorItemKind> = new Set(['FAILED_WORKFLOW', 'LOST_REQUEST']);

/** Whether the workflow that would take the item's own decision runs no more, e.g. as it was terminated. */
async function isWorkflowOver(workflows: Workflows, { workflowId }: OperatorItem): Promise<boolean> {
  return workflowId !== null && (await workflows.describe(workflowId))?.status !== 'RUNNING';
}

export interface ItemDecision {
  readonly id: number;
  readonly decisionId: string;
  readonly reason: string;
  readonly actor: string;
  readonly dryRun: boolean;
}

/** Closes an item that somebody has seen to. False: it was decided so before, under the same id. Throws OperationRefused. */
export async function resolveItem(
  db: Db,
  workflows: Workflows,
  { id, dryRun, ...decision }: ItemDecision,
): Promise<boolean> {
  const seen = await findOperatorItem(db, id);
  if (!seen) throw new OperationRefused('ITEM_NOT_FOUND');
  const isAcknowledged = ACKNOWLEDGED.has(seen.kind) || (await isWorkflowOver(workflows, seen));
  return db.transaction(async (trx) => {
    const item = await lockOperatorItem(trx, id);
    if (!item) throw new OperationRefused('ITEM_NOT_FOUND');
    const decided = await findItemDecision(trx, decision.decisionId);
    if (decided === id) return false;
    if (decided !== undefined) throw new OperationRefused('DECISION_ID_REUSED', { usedFor: { item: decided } });
    if (item.state !== 'OPEN') throw new OperationRefused('ITEM_CLOSED', { state: item.state });
    if (!isAcknowledged) throw new OperationRefused('ITEM_HAS_OWN_DECISION', { whatToDo: whatToDo(item) });
    if (!dryRun) {
      const { kind, subject } = item;
      await closeOperatorItems(trx, { kind, subject }, { state: 'RESOLVED', decision: 'ACKNOWLEDGED', ...decision });
    }
    return true;
  });
}

/** What helps, as a command where there is one. */
export function whatToDo({ id, kind, subject, orderId, step, workflowId }: OperatorItem): string {
  const order = orderId ?? '…';
  const retry = `ordersaga saga resolve ${order} --step ${step} --decision RETRY --reason '…'`;
  const signal = `temporal workflow signal --workflow-id ${workflowId} --name resolveCompensation --input '{"decisionId": "…", "step": "${step}", "decision": "RETRY", "reason": "…", "actor": "…"}'`;
  switch (kind) {
    case 'PARKED_SAGA':
      return `ordersaga saga show ${order}; ${retry}`;
    case 'PERMANENT_ERROR':
      if (step === null) return 'mend the cause: it is tried again until it succeeds';
      return orderId === null ? `mend the cause; ${signal}` : `mend the cause; ${retry}`;
    case 'CREDENTIALS_REFUSED':
      return `give the workers credentials that the ${subject} provider accepts: what waits goes on by itself`;
    case 'DEAD_LETTER':
      return `ordersaga dlt show ${subject}`;
    case 'BLOCKED_KEY':
      return 'ordersaga dlt blocked';
    case 'FAILED_WORKFLOW':
      return `look at workflow ${workflowId} in the Temporal Web UI; ordersaga items resolve ${id} --reason '…'`;
    case 'LOST_REQUEST':
      return `${orderId === null ? '' : `ordersaga saga show ${order}; `}ordersaga items resolve ${id} --reason '…'`;
    case 'UNPUBLISHED_TOPIC':
      return `ordersaga outbox status; make the topic ${subject}, give its partitions leaders, or let the relays write to it: its rows follow by themselves`;
    case 'STUCK_PARTITION':
      return `mend what the log of the bridge says about ${subject}: its records wait, and go on by themselves`;
  }
}
