/** What operators read of the one list of what needs a person. */
import { z } from 'zod';
import { OPERATOR_ITEM_KINDS, OPERATOR_ITEM_STATES } from '../../domain/operator-item';
import { amount, count, dryRun, type ResponseOf, text, textOrNull, time } from './common';

/** Ids, codes and amounts. */
export const evidenceSchema = z.record(text, z.union([text, z.number(), z.boolean(), z.null()]));

const ITEM = {
  id: 12,
  kind: 'FAILED_WORKFLOW',
  subject: 'order-17',
  cause: 'FAILED',
  orderId: 17,
  workflowId: 'order-17',
  step: null,
  amountAtRisk: 24_000,
  evidence: null,
  offeredFix: null,
  since: '2026-11-28T09:00:00.000Z',
  lastSeenAt: '2026-11-28T09:00:00.000Z',
  times: 1,
  state: 'OPEN',
  closedAt: null,
  decision: null,
  whatToDo: 'look at workflow order-17 in the Temporal Web UI',
};

export const operatorItemSchema = z
  .object({
    id: z.int(),
    kind: z.enum(OPERATOR_ITEM_KINDS),
    subject: text.describe('What it is about'),
    cause: text.describe('Stable code of why'),
    orderId: z.int().nullable(),
    workflowId: textOrNull,
    step: textOrNull,
    amountAtRisk: amount,
    evidence: evidenceSchema.nullable().describe('What shows that it is so'),
    offeredFix: textOrNull.describe('What `POST /api/ops/reconciliation` with `fix` would do about it'),
    since: time,
    lastSeenAt: time,
    times: count.describe('How often it was seen while open'),
    state: z.enum(OPERATOR_ITEM_STATES),
    closedAt: time.nullable(),
    decision: z
      .object({ decision: text, decisionId: textOrNull, actor: text, reason: text })
      .nullable()
      .describe('Null: undecided'),
    whatToDo: text.describe('The command that looks at it, or decides about it'),
  })
  .meta({ id: 'OperatorItem', examples: [ITEM] });
export type OperatorItemView = ResponseOf<typeof operatorItemSchema>;

export const operatorItemListSchema = z
  .object({
    groups: z
      .array(
        z.object({ kind: z.enum(OPERATOR_ITEM_KINDS), cause: text, count, oldestSince: time, amountAtRisk: amount }),
      )
      .describe('Of all that the filter matches, the most first'),
    items: z.array(operatorItemSchema).describe('The oldest first'),
  })
  .meta({
    id: 'OperatorItemList',
    examples: [
      {
        groups: [
          {
            kind: 'FAILED_WORKFLOW',
            cause: 'FAILED',
            count: 1,
            oldestSince: '2026-11-28T09:00:00.000Z',
            amountAtRisk: 24_000,
          },
        ],
        items: [ITEM],
      },
    ],
  });
export type OperatorItemList = ResponseOf<typeof operatorItemListSchema>;

export const itemResolvedSchema = z
  .object({ id: z.int(), decisionId: text, dryRun })
  .meta({ id: 'OperatorItemResolved', examples: [{ id: 12, decisionId: 'ticket-4711', dryRun: false }] });
