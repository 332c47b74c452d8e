import { isDeepStrictEqual } from 'node:util';
import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { z } from 'zod';
import { CUT_SHORT, type replayManySchema } from '../contracts/dead-letter-operations';
import type { ReplayProgressView, ReplayStanding } from '../contracts/responses/dead-letters';
import type { ReplayAction, ReplayControl, ReplayProgress } from '../contracts/workflow-api';
import type { Db } from '../db/connection';
import { countBulkDecisions } from '../db/dead-letter-decisions';
import { unlessUnavailable } from '../temporal/call';
import type { Workflows } from '../temporal/workflows';
import { type Decision, type Earlier, OperationRefused, takeDecision } from './decision';

/** A replay as it was requested: its workflow keeps the request, so that its decisionId is that of no other. */
export type ReplayManyRequest = Omit<z.infer<typeof replayManySchema>, 'decisionId' | 'reason' | 'dryRun'>;

/** What operators decide about replays of many dead letters; throws TemporalUnavailableError where it does not respond. */
export class DeadLetterReplays {
  constructor(
    private readonly db: Db,
    private readonly workflows: Workflows,
  ) {}

  /** False: the same decisionId has started the same replay before, running or over. */
  async start(request: ReplayManyRequest, decision: Decision): Promise<boolean> {
    const { decisionId: bulkId, actor, reason } = decision;
    const kept = { ...request, reason };
    return takeDecision(decision, {
      earlier: () => this.earlier(bulkId, kept),
      async check() {},
      act: async () => {
        const filter = { ...request.filter, deadBefore: untilNow(request.filter.deadBefore) };
        const isStarted = await this.workflows.replays.start({ ...kept, bulkId, filter, actor }, kept);
        if (isStarted) return true;
        const earlier = await this.earlier(bulkId, kept);
        if (earlier && earlier !== 'same') throw new OperationRefused('DECISION_ID_REUSED', earlier);
        return earlier === undefined;
      },
    });
  }

  /**
   * What it has sent back is known for longer than the workflow that sent it: then it is unknown whether the request is
   * the same, and the decisionId counts as used for another.
   */
  private async earlier(bulkId: string, request: object): Promise<Earlier> {
    // Counted first: a replay that begins in between has sent nothing yet.
    const replayed = await countBulkDecisions(this.db, bulkId);
    const workflow = await this.workflows.replays.describe(bulkId);
    if (!workflow) return replayed === 0 ? undefined : { replayed };
    return isDeepStrictEqual(workflow.memo?.request, request) ? 'same' : { usedFor: workflow.memo?.request };
  }

  /** Throws REPLAY_NOT_FOUND. */
  async progress(bulkId: string): Promise<ReplayProgressView> {
    const workflow = await this.workflows.replays.describe(bulkId);
    const progress = workflow && (await this.workflows.replays.progress(bulkId));
    if (!progress) throw new OperationRefused('REPLAY_NOT_FOUND');
    const { refused, steered } = progress;
    const failure = workflow.raw.pendingActivities?.find(({ lastFailure }) => lastFailure)?.lastFailure;
    return {
      decisionId: bulkId,
      ...(await this.standing(bulkId, workflow, progress)),
      refused,
      steered,
      ...(failure?.message ? { failing: failure.message } : {}),
    };
  }

  /** Pauses, resumes or cancels a replay, once a decisionId; a workflow that does not respond is signalled all the same. */
  async control(
    bulkId: string,
    action: ReplayAction,
    decision: Decision,
  ): Promise<{
    readonly isNew: boolean;
    readonly control: ReplayControl;
    /** Before it; undefined: its workflow does not respond. */
    readonly standing: ReplayStanding | undefined;
  }> {
    const workflow = await this.workflows.replays.describe(bulkId);
    if (!workflow) throw new OperationRefused('REPLAY_NOT_FOUND');
    const progress = await unlessUnavailable(this.workflows.replays.progress(bulkId));
    const standing = progress && (await this.standing(bulkId, workflow, progress));
    const { decisionId, actor, reason } = decision;
    const earlier = progress?.steered.filter((control) => control.decisionId === decisionId) ?? [];
    const same = earlier.find((control) => control.action === action);
    const signal = { decisionId, actor, reason, at: new Date().toISOString() };
    const isNew = await takeDecision(decision, {
      earlier: async () => (same ? 'same' : earlier[0] && { usedFor: earlier[0] }),
      async check() {
        if (workflow.status.name !== 'RUNNING')
          throw new OperationRefused('REPLAY_OVER', { state: standing?.state ?? workflow.status.name });
      },
      act: async () => {
        if (!(await this.workflows.replays.signal(bulkId, action, signal))) throw new OperationRefused('REPLAY_OVER');
        return true;
      },
    });
    return { isNew, control: same ?? { action, ...signal }, standing };
  }

  /** What the workflow does not know: that it was ended from outside, and what a batch that was ended had sent back. */
  private async standing(
    bulkId: string,
    { status }: WorkflowExecutionDescription,
    { state }: ReplayProgress,
  ): Promise<ReplayStanding> {
    const cutShort = CUT_SHORT.find((how) => how === status.name);
    return { state: cutShort ?? state, replayed: await countBulkDecisions(this.db, bulkId) };
  }
}

/** A dead letter that dies while the replay runs is not meant: one that dies again would go round. */
export function untilNow(deadBefore: string | undefined): string {
  const requested = deadBefore === undefined ? Number.POSITIVE_INFINITY : Date.parse(deadBefore);
  return new Date(Math.min(requested, Date.now())).toISOString();
}
