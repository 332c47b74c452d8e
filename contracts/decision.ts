/** What every decision of an operator carries. */
import { z } from 'zod';
import { externalText } from './external-text';

export const statementSchema = externalText({ max: 500 });

export const decisionIdSchema = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible ASCII characters');

export const decisionFields = {
  /** Makes the decision idempotent: the same id twice is one decision. */
  decisionId: decisionIdSchema,
  reason: statementSchema,
  /** Says what would happen, and changes nothing. */
  dryRun: z.boolean().default(false),
};
