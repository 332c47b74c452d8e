import { z } from 'zod';
import { decisionSchema } from '../../contracts/decision';
import { itemFilterSchema, itemIdSchema } from '../../contracts/operator-items';
import {
  itemResolvedSchema,
  type OperatorItemView,
  operatorItemListSchema,
  operatorItemSchema,
} from '../../contracts/responses/operator-items';
import { findOperatorItem, groupOperatorItems, listOperatorItems, type OperatorItem } from '../../db/operator-items';
import { resolveItem } from '../../operations/items';
import { whatToDo } from '../../operations/what-to-do';
import { decisionRoute } from '../decision-route';
import { ProblemError } from '../problem';
import { route } from '../route';

const ofItem = { params: z.object({ id: itemIdSchema }) };
const ITEMS = { ko: '처리가 필요한 항목', en: 'What needs a person' };

/** The one list of what needs a person. */
export const operatorItemRoutes = [
  route('GET /api/ops/items', {
    id: 'listItems',
    summary: 'What needs a person, the oldest first, with a count of each cause (operators)',
    access: 'viewer',
    query: itemFilterSchema,
    response: { status: 200, data: operatorItemListSchema, message: ITEMS },
    async handle({ query: { limit, after, ...filter } }, { db }) {
      const [groups, items] = await Promise.all([
        groupOperatorItems(db, filter),
        listOperatorItems(db, filter, { limit, after }),
      ]);
      return {
        data: {
          groups: groups.map(({ oldestSince, amountAtRiskMinor, ...group }) => ({
            ...group,
            oldestSince: oldestSince.toISOString(),
            amountAtRisk: amountAtRiskMinor,
          })),
          items: items.map(itemView),
        },
      };
    },
  }),

  route('GET /api/ops/items/{id}', {
    id: 'getItem',
    summary: 'One thing that needs a person, or needed one (operators)',
    access: 'viewer',
    ...ofItem,
    response: { status: 200, data: operatorItemSchema, message: ITEMS },
    problems: ['ITEM_NOT_FOUND'],
    async handle({ params }, { db }) {
      const item = await findOperatorItem(db, params.id);
      if (!item) throw new ProblemError('ITEM_NOT_FOUND');
      return { data: itemView(item) };
    },
  }),

  decisionRoute('POST /api/ops/items/{id}/resolve', {
    id: 'resolveItem',
    summary:
      'Close an item that takes no decision of its own: a failed workflow or what it was parked at, a lost request (operators)',
    ...ofItem,
    body: decisionSchema,
    data: itemResolvedSchema,
    message: { ko: '항목을 닫았습니다.', en: 'The item was closed.' },
    dryRunMessage: { ko: '항목을 닫게 됩니다. 바뀐 것은 없습니다.', en: 'The item would be closed; nothing was done.' },
    problems: ['ITEM_NOT_FOUND', 'ITEM_CLOSED', 'ITEM_HAS_OWN_DECISION', 'TEMPORAL_UNAVAILABLE'],
    async decide({ params: { id }, decision }, { db, workflows }) {
      const isNew = await resolveItem(db, workflows, id, decision);
      return { isNew, data: { id, decisionId: decision.decisionId, dryRun: decision.isDryRun ?? false } };
    },
  }),
] as const;

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
