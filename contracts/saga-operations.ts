/** What operators send about sagas and the outbox. */

import { z } from 'zod';
import { DECISIONS, SAGA_STATES } from '../domain/saga-state';
import { DECISION_EXAMPLE, decisionFields, statementSchema } from './decision';
import { rule } from './language';

export const resolveSchema = z
  .strictObject({
    ...decisionFields,
    /** As `saga show` names what waits for a decision: a step whose undo failed, or what could not be done. */
    step: z
      .string()
      .regex(
        /^[A-Za-z]{1,50}$/,
        rule('must be the name of a step, as the saga shows it', '사가에 표시된 단계 이름이어야 합니다'),
      ),
    decision: z.enum(DECISIONS),
    /** Where it was done: for DONE_EXTERNALLY. */
    reference: statementSchema.optional(),
  })
  .refine((body) => body.decision !== 'DONE_EXTERNALLY' || body.reference !== undefined, {
    message: rule('DONE_EXTERNALLY needs a reference', 'DONE_EXTERNALLY에는 reference가 필요합니다'),
    path: ['reference'],
  })
  .meta({ examples: [{ ...DECISION_EXAMPLE, step: 'shipment', decision: 'RETRY' }] });
export type ResolveSaga = z.infer<typeof resolveSchema>;

/** Which sagas are meant; all that are named must hold. */
export const sagaFilterSchema = z.strictObject({
  sagaState: z.enum(SAGA_STATES).optional(),
  /** `true`: those that wait for a decision; `false`: all others. */
  needsOperator: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** Those of orders before this one. */
  before: z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER).optional(),
});

export const outboxQuerySchema = z.strictObject({ limit: z.coerce.number().int().min(1).max(200).default(20) });
