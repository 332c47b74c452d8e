import { Router } from 'express';
import { z } from 'zod';
import {
  type ItemResolved,
  itemFilterSchema,
  type OperatorItemList,
  type OperatorItemView,
  resolveItemSchema,
} from '../contracts/operator-items';
import { findOperatorItem, groupOperatorItems, listOperatorItems, type OperatorItem } from '../db/operator-items';
import { resolveItem, whatToDo } from '../operations/items';
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
    const decision = { id, decisionId, reason, actor: operatorOf(response), dryRun };
    const isNew = await resolveItem(db, workflows, decision);
    const data: ItemResolved = { id, decisionId, dryRun };
    send(response, decisionAnswer({ dryRun, isNew }, data, 'itemResolved', languageOf(request)));
  });

  return router;
}

const idSchema = z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER);

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
