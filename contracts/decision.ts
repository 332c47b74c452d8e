/** What every decision of an operator carries. */

import { z } from 'zod';
import { externalText } from './external-text';
import { rule } from './language';

export const statementSchema = externalText({ max: 500 });

export const decisionIdSchema = z
  .string()
  .regex(
    /^[\x21-\x7e]{1,200}$/,
    rule('must be 1 to 200 visible ASCII characters', '보이는 ASCII 문자 1자에서 200자여야 합니다'),
  )
  .meta({ examples: ['ticket-4711'] });

export const decisionFields = {
  /** Makes the decision idempotent: the same id twice is one decision. */
  decisionId: decisionIdSchema,
  reason: statementSchema,
  /** Says what would happen, and changes nothing. */
  dryRun: z.boolean().default(false),
};

/** A decision that says no more than who takes it and why. */
export const DECISION_EXAMPLE = { decisionId: 'ticket-4711', reason: 'Agreed with the customer by phone' };
export const decisionSchema = z.strictObject(decisionFields).meta({ examples: [DECISION_EXAMPLE] });
