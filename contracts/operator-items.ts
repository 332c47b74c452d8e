/** What operators see and decide of the one list of what needs a person. */
import { z } from 'zod';
import {
  OPERATOR_ITEM_KINDS,
  OPERATOR_ITEM_STATES,
  type OperatorItemKind,
  type OperatorItemState,
} from '../domain/operator-item';
import { decisionFields } from './decision';
import { externalId } from './external-text';

const wholeNumber = z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER);

/** Which items are meant; all that are named must hold. */
export const itemFilterSchema = z.strictObject({
  kind: z.enum(OPERATOR_ITEM_KINDS).optional(),
  state: z.enum(OPERATOR_ITEM_STATES).default('OPEN'),
  /** What it is about, as the list names it. */
  subject: externalId({ max: 1_000 }).optional(),
  cause: externalId({ max: 200 }).optional(),
  step: externalId({ max: 100 }).optional(),
  order: wholeNumber.optional(),
  /** Those that have been open for so long at least, in minutes. */
  olderThanMinutes: wholeNumber.max(10_000_000).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** Those after this one. */
  after: wholeNumber.optional(),
});
export type ItemFilter = z.infer<typeof itemFilterSchema>;

export const resolveItemSchema = z.strictObject(decisionFields);

export interface OperatorItemView {
  readonly id: number;
  readonly kind: OperatorItemKind;
  /** What it is about. */
  readonly subject: string;
  /** Stable code of why. */
  readonly cause: string;
  readonly orderId: number | null;
  readonly workflowId: string | null;
  readonly step: string | null;
  /** Minor units. */
  readonly amountAtRisk: number;
  readonly since: string;
  readonly lastSeenAt: string;
  /** How often it was seen while open. */
  readonly times: number;
  readonly state: OperatorItemState;
  readonly closedAt: string | null;
  /** Who decided what; null: nobody has. */
  readonly decision: {
    readonly decision: string;
    readonly decisionId: string | null;
    readonly actor: string;
    readonly reason: string;
  } | null;
  /** The command that looks at it or decides about it. */
  readonly whatToDo: string;
}

export interface OperatorItemGroup {
  readonly kind: OperatorItemKind;
  readonly cause: string;
  readonly count: number;
  readonly oldestSince: string;
  /** Minor units, all together. */
  readonly amountAtRisk: number;
}

export interface OperatorItemList {
  /** Of all that the filter means. */
  readonly groups: readonly OperatorItemGroup[];
  /** The oldest first. */
  readonly items: readonly OperatorItemView[];
}

/** Response to a decision about an item that has none of its own. */
export interface ItemResolved {
  readonly id: number;
  readonly decisionId: string;
  readonly dryRun: boolean;
}
