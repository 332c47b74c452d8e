/** What operators read of the reconciliation. */
import { z } from 'zod';
import { amount, count, type ResponseOf, text, textOrNull, time } from './common';
import { evidenceSchema } from './operator-items';

const ID = '0b0c3a4e-6a52-4a52-9f4e-3f0f2a1d7f11';
const counts = z.record(text, count);

const RUN = {
  id: ID,
  scope: 'INCREMENTAL' as const,
  state: 'DONE' as const,
  since: null,
  dryRun: false,
  fix: true,
  actor: 'operator:lee',
  reason: 'After the outage of the carrier',
  startedAt: '2026-11-28T09:00:00.000Z',
  finishedAt: '2026-11-28T09:00:02.000Z',
  examined: { orders: 1_204 },
  unavailable: {},
  found: { MISSING_UNDO: 1 },
  healed: {},
  fixed: { MISSING_UNDO: 1 },
  refused: {},
  preview: [],
};

const previewedFindingSchema = z.object({
  subject: text.describe('The subject that its item would have'),
  cause: text,
  orderId: z.int().nullable(),
  step: textOrNull,
  amountAtRisk: amount,
  evidence: evidenceSchema,
  offeredFix: textOrNull.describe('What would be done about it with fix; null: a person decides'),
  since: time.nullable(),
});

export const reconciliationRunSchema = z
  .object({
    id: text,
    scope: z.enum(['FULL', 'INCREMENTAL']),
    state: z.enum(['RUNNING', 'DONE', 'FAILED', 'CANCELLED']),
    since: time.nullable(),
    dryRun: z.boolean(),
    fix: z.boolean(),
    actor: text,
    reason: textOrNull,
    startedAt: time,
    finishedAt: time.nullable(),
    examined: counts.describe('How many of what'),
    unavailable: z
      .record(text, text)
      .describe('Provider -> why its list could not be read: what it has is compared as it was known before'),
    found: counts.describe('By the code of the finding'),
    healed: counts.describe('What an earlier run had found and is gone'),
    fixed: counts,
    refused: z.record(text, text).describe('Subject of the item -> why its fix was not applied'),
    preview: z.array(previewedFindingSchema).describe('Of a dry run: the first 200 findings'),
  })
  .meta({ id: 'ReconciliationRun', examples: [RUN] });
export type ReconciliationRunView = ResponseOf<typeof reconciliationRunSchema>;

export const reconciliationRunListSchema = z
  .object({ runs: z.array(reconciliationRunSchema).describe('The newest first') })
  .meta({ id: 'ReconciliationRunList', examples: [{ runs: [RUN] }] });

export const reconciliationStartedSchema = z
  .object({ id: text })
  .meta({ id: 'ReconciliationStarted', examples: [{ id: ID }] });
