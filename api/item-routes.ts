import { Router } from 'express';
import { z } from 'zod';
import {
  type ItemResolved,
  itemFilterSchema,
  type OperatorItemList,
  type OperatorItemView,
  resolveItemSchema,
} from '../contracts/operator-items';
import type { Db } from '../db/connection';
import {
  closeOperatorItems,
  findItemDecision,
  findOperatorItem,
  groupOperatorItems,
  listOperatorItems,
  lockOperatorItem,
  type OperatorItem,
} from '../db/operator-items';
import type { OperatorItemKind } from '../domain/operator-item';
import type { Workflows } from '../temporal/workflows';
import { decisionAnswer, languageOf, send, success } from './answer';
import { authenticated, operatorOf, operatorsOnly } from './authentication';
import type { RouteDependencies } from './dependencies';
import { ProblemError } from './problem';
import { jsonBody, parse, parseBody, parseQuery } from './validation';

/** The one list of what needs a person; operators only. */
export function itemRoutes({ db, workflows, authenticate }: RouteDependencies): Router {
  const router = Router();
  const user = authenticated(authenticate);

  router.get('/api/ops/items', user, operatorsOnly, async (request, response) => {
    const { limit, after, ...filter } = parseQuery(request, itemFilterSchema);
    const [groups, items] = await Promise.all([
      groupOperatorItems(db, filter),
      listOperatorItems(db, filter, { limit, after }),
    ]);
    const data: OperatorItemList = {
      groups: groups.map(({ oldestSince, amountAtRiskMinor, ...group }) => ({
        ...group,
        oldestSince: oldestSince.toISOString(),
        amountAtRisk: amountAtRiskMinor,
      })),
      items: items.map(itemView),
    };
    response.setHeader('Cache-Control', 'no-store');
    send(response, success(200, data, 'items', languageOf(request)));
  });

  router.get('/api/ops/items/:id', user, operatorsOnly, async (request, response) => {
    const item = await findOperatorItem(db, parse(request, idSchema, request.params.id));
    if (!item) throw new ProblemError('ITEM_NOT_FOUND');
    response.setHeader('Cache-Control', 'no-store');
    send(response, success(200, itemView(item), 'item', languageOf(request)));
  });

  router.post('/api/ops/items/:id/resolve', user, operatorsOnly, jsonBody, async (request, response) => {
    const id = parse(request, idSchema, request.params.id);
    const { decisionId, reason, dryRun } = parseBody(request, resolveItemSchema);
    const item = await findOperatorItem(db, id);
    if (!item) throw new ProblemError('ITEM_NOT_FOUND');
    const decider = { decisionId, reason, actor: operatorOf(response) };
    const isAcknowledged = ACKNOWLEDGED.has(item.kind) || (await isWorkflowOver(workflows, item));
    const isNew = await acknowledge(db, id, decider, { isDry: dryRun, isAcknowledged });
    const data: ItemResolved = { id, decisionId, dryRun };
    send(response, decisionAnswer({ dryRun, isNew }, data, 'itemResolved', languageOf(request)));
  });

  return router;
}

const idSchema = z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER);

/** Whose cause nothing in the system decides about: somebody has seen to it. The others end with their own decision, or heal. */
const ACKNOWLEDGED: ReadonlySet<OperatorItemKind> = new Set(['FAILED_WORKFLOW', 'LOST_REQUEST']);

/** Whether the workflow that would take the item's own decision runs no more, e.g. as it was terminated. */
async function isWorkflowOver(workflows: Workflows, { workflowId }: OperatorItem): Promise<boolean> {
  return workflowId !== null && (await workflows.describe(workflowId))?.status !== 'RUNNING';
}

/** False: it was decided so before, under the same id. */
function acknowledge(
  db: Db,
  id: number,
  decider: { readonly decisionId: string; readonly reason: string; readonly actor: string },
  { isDry, isAcknowledged }: { readonly isDry: boolean; readonly isAcknowledged: boolean },
): Promise<boolean> {
  return db.transaction(async (trx) => {
    const item = await lockOperatorItem(trx, id);
    if (!item) throw new ProblemError('ITEM_NOT_FOUND');
    const decided = await findItemDecision(trx, decider.decisionId);
    if (decided === id) return false;
    if (decided !== undefined) throw new ProblemError('DECISION_ID_REUSED', { usedFor: { item: decided } });
    if (item.state !== 'OPEN') throw new ProblemError('ITEM_CLOSED', { state: item.state });
    if (!isAcknowledged) throw new ProblemError('ITEM_HAS_OWN_DECISION', { whatToDo: whatToDo(item) });
    if (!isDry) {
      const { kind, subject } = item;
      await closeOperatorItems(trx, { kind, subject }, { state: 'RESOLVED', decision: 'ACKNOWLEDGED', ...decider });
    }
    return true;
  });
}

function itemView(item: OperatorItem): OperatorItemView {
  const { amountAtRiskMinor, since, lastSeenAt, closedAt, decision, decisionId, actor, reason, ...rest } = item;
  return {
    ...rest,
    amountAtRisk: amountAtRiskMinor,
    since: since.toISOString(),
    lastSeenAt: lastSeenAt.toISOString(),
    closedAt: closedAt?.toISOString() ?? null,
    decision: decision === null ? null : { decision, decisionId, actor: actor ?? '', reason: reason ?? '' },
    whatToDo: whatToDo(item),
  };
}

function whatToDo({ id, kind, subject, orderId, step, workflowId }: OperatorItem): string {
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
      return 'ordersaga dlt lines';
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
