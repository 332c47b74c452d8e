import { CancelledFailure, Context } from '@temporalio/activity';
import type { ReconciliationInput } from '../contracts/workflow-api';
import type { Db } from '../db/connection';
import { beginRun, endRun, findRun, type ReconciliationRun, type ReconciliationState } from '../db/reconciliation-runs';
import type { ExaminedParts } from '../operations/reconciliation/examine-orders';
import { type FixCursor, fixFindings } from '../operations/reconciliation/fix';
import { createFixers, type StepUndos } from '../operations/reconciliation/fixers';
import {
  type ExaminationCursor,
  examineShop,
  type HealCursor,
  healFindings,
  type Progress,
} from '../operations/reconciliation/run';
import { failure } from './failure';

/** Before what the last run has seen an incremental one begins again: an entry of the timeline may be committed after a later one. */
const OVERLAP_MS = 10 * 60_000;
const HEARTBEAT_MS = 5_000;

export interface ReconciliationDependencies {
  readonly db: Db;
  readonly workflows: ExaminedParts['workflows'];
  readonly providers: ExaminedParts['providers'];
  readonly graceMs: number;
  readonly retryDelayMs: number;
  /** The undo of each step, as a saga calls it. */
  readonly undos: StepUndos;
}

/** The parts of a run; each may run again, and goes on where it was. */
export function createReconciliationActivities(deps: ReconciliationDependencies) {
  const { db, graceMs } = deps;
  return {
    async beginReconciliation(input: ReconciliationInput): Promise<void> {
      const { runId: id, since, reason = null, ...asked } = input;
      const overlapMs = Math.max(OVERLAP_MS, 2 * graceMs);
      await beginRun(db, { ...asked, id, since: since === undefined ? null : new Date(since), reason }, { overlapMs });
    },

    /** Examines orders, products, coupons and the outbox; lists what differs, unless the run is only to look. */
    async examineShop({ runId }: { runId: string }): Promise<void> {
      await withProgress(async (progress: Progress<ExaminationCursor>) =>
        examineShop(deps, await requireRun(db, runId), progress),
      );
    },

    /** Closes what an earlier run has found and is gone. */
    async healFindings({ runId }: { runId: string }): Promise<void> {
      await withProgress(async (progress: Progress<HealCursor>) =>
        healFindings(deps, await requireRun(db, runId), progress),
      );
    },

    /** Applies the fixes that are offered, one after the other. */
    async fixFindings({ runId }: { runId: string }): Promise<void> {
      const fixers = createFixers(deps);
      await withProgress(async (progress: Progress<FixCursor>) =>
        fixFindings(deps, fixers, await requireRun(db, runId), progress),
      );
    },

    async endReconciliation({ runId, state }: { runId: string; state: ReconciliationState }): Promise<void> {
      await endRun(db, runId, state);
    },
  };
}

async function requireRun(db: Db, runId: string): Promise<ReconciliationRun> {
  const run = await findRun(db, runId);
  if (!run) throw failure('PERMANENT', 'RECONCILIATION_NOT_FOUND', `there is no run ${runId}`);
  return run;
}

/** Work that reports how far it has come; a provider that is slow to respond is no reason to take the worker for dead. */
async function withProgress<Cursor>(work: (progress: Progress<Cursor>) => Promise<void>): Promise<void> {
  const context = Context.current();
  let latest = context.info.heartbeatDetails as Cursor | undefined;
  const alive = setInterval(() => context.heartbeat(latest), HEARTBEAT_MS);
  try {
    await work({
      from: latest,
      report(cursor) {
        latest = cursor;
        context.heartbeat(cursor);
        if (context.cancellationSignal.aborted) throw new CancelledFailure('the run is cancelled');
      },
    });
  } finally {
    clearInterval(alive);
  }
}
