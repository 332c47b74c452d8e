import { z } from 'zod';
import { listRunsSchema, reconcileSchema, runIdSchema } from '../../contracts/reconciliation';
import {
  type ReconciliationRunView,
  reconciliationRunListSchema,
  reconciliationRunSchema,
  reconciliationStartedSchema,
} from '../../contracts/responses/reconciliation';
import { findRun, listRuns, type ReconciliationRun } from '../../db/reconciliation-runs';
import { startReconciliation } from '../../operations/reconciliation/start';
import { operatorOf } from '../access/identity';
import { ProblemError } from '../problem';
import { route } from '../route';

const RUNS = { ko: '대사 작업', en: 'Runs of the reconciliation' };

/** Comparing what belongs together: what a run finds is listed among the items. */
export const reconciliationRoutes = [
  route('POST /api/ops/reconciliation', {
    id: 'reconcile',
    summary:
      'Compare orders, steps, ledgers, coupons, the outbox and workflows; what differs is listed among the items (operators)',
    access: 'operator',
    body: reconcileSchema,
    response: {
      status: 202,
      data: reconciliationStartedSchema,
      message: { ko: '대사 작업을 시작했습니다.', en: 'The reconciliation was started.' },
    },
    problems: ['RECONCILIATION_RUNNING', 'TEMPORAL_UNAVAILABLE'],
    async handle({ body: { full, since, fix, dryRun, reason }, who }, { db, workflows }) {
      const id = await startReconciliation(db, workflows, {
        ...{ scope: full ? 'FULL' : 'INCREMENTAL', isDryRun: dryRun, isFixing: fix, actor: operatorOf(who) },
        ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
        ...(reason === undefined ? {} : { reason }),
      });
      return { data: { id } };
    },
  }),

  route('GET /api/ops/reconciliation', {
    id: 'listReconciliations',
    summary: 'The runs of the reconciliation, the newest first (operators)',
    access: 'viewer',
    query: listRunsSchema,
    response: { status: 200, data: reconciliationRunListSchema, message: RUNS },
    handle: async ({ query: { limit } }, { db }) => ({ data: { runs: (await listRuns(db, limit)).map(runView) } }),
  }),

  route('GET /api/ops/reconciliation/{id}', {
    id: 'getReconciliation',
    summary: 'One run of the reconciliation, under way or over (operators)',
    access: 'viewer',
    params: z.object({ id: runIdSchema }),
    response: { status: 200, data: reconciliationRunSchema, message: RUNS },
    problems: ['RECONCILIATION_NOT_FOUND'],
    async handle({ params }, { db }) {
      const run = await findRun(db, params.id);
      if (!run) throw new ProblemError('RECONCILIATION_NOT_FOUND');
      return { data: runView(run) };
    },
  }),
] as const;

function runView(run: ReconciliationRun): ReconciliationRunView {
  const {
    isDryRun,
    isFixing,
    timelineFrom: _from,
    timelineThrough: _through,
    since,
    startedAt,
    finishedAt,
    preview,
    ...rest
  } = run;
  return {
    ...rest,
    dryRun: isDryRun,
    fix: isFixing,
    since: since?.toISOString() ?? null,
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
    preview: preview.map(({ amountAtRiskMinor, ...finding }) => ({ ...finding, amountAtRisk: amountAtRiskMinor })),
  };
}
