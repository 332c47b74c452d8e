/** What operators ask of the reconciliation. */
import { z } from 'zod';
import { statementSchema } from './decision';
import { externalId, momentSchema } from './external-text';
import { rule } from './language';

export const reconcileSchema = z
  .strictObject({
    /** All orders; absent: those that have changed since the run before. */
    full: z.boolean().default(false),
    /** Those that have changed since then. */
    since: momentSchema.optional(),
    /** Applies the fixes that are offered, where they are safe. */
    fix: z.boolean().default(false),
    /** Lists nothing and changes nothing; the run says what it would list, and what would be done about it. */
    dryRun: z.boolean().default(false),
    /** Kept with the run and with all that it fixes. */
    reason: statementSchema.optional(),
  })
  .refine(({ full, since }) => !full || since === undefined, {
    message: rule('since is for a run that is not full', 'full과 since는 함께 쓸 수 없습니다'),
    path: ['since'],
  })
  .refine(({ fix, dryRun, reason }) => !fix || dryRun || reason !== undefined, {
    message: rule('is required with fix', 'fix에는 reason이 필요합니다'),
    path: ['reason'],
  })
  .meta({ examples: [{ full: true, fix: true, reason: 'After the outage of the carrier' }] });

export const runIdSchema = externalId({ max: 100 }).meta({ examples: ['0b0c3a4e-6a52-4a52-9f4e-3f0f2a1d7f11'] });

export const listRunsSchema = z.strictObject({ limit: z.coerce.number().int().min(1).max(100).default(20) });
