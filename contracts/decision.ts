/** What every decision of an operator carries. */
import { z } from 'zod';

/** What neither Postgres nor a workflow takes as text. */
const UNSTORABLE = /\0|\p{Surrogate}/u;

export function storable(text: z.ZodString): z.ZodString {
  return text.refine((value) => !UNSTORABLE.test(value), 'must be text without U+0000 or halves of characters');
}

export const statementSchema = storable(z.string().trim().min(1).max(500));

export const decisionIdSchema = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible ASCII characters');

export const decisionFields = {
  /** Makes the decision idempotent: the same id twice is one decision. */
  decisionId: decisionIdSchema,
  reason: statementSchema,
  /** Says what would happen, and changes nothing. */
  dryRun: z.boolean().default(false),
};
