/** What operators send about the one list of what needs a person. */
import { z } from 'zod';
import { OPERATOR_ITEM_KINDS, OPERATOR_ITEM_STATES } from '../domain/operator-item';
import { externalId } from './external-text';

const wholeNumber = z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER);

export const itemIdSchema = wholeNumber.meta({ examples: [12] });

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
