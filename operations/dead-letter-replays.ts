import { isDeepStrictEqual } from 'node:util';
import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { z } from 'zod';
import {
  CUT_SHORT,
  type ReplayProgressView,
  type ReplayStanding,
  type replayManySchema,
} from '../contracts/dead-letter-operations';
import type { DeadLetterReplayInput, ReplayControl, ReplayProgress } from '../contracts/workflow-api';
import type { Db } from '../db/connection';
import { countBulkDecisions } from '../db/dead-letter-decisions';
import { unlessUnavailable } from '../temporal/call';
import type { Workflows } from '../temporal/workflows';
import { OperationRefused } from './refusal';

/** What an operator asks for, as asked: the replay keeps it, so that its decisionId is not taken for another wish. */
export type ReplayCommand = Omit<z.infer<typeof replayManySchema>, 'decisionId' | 'dryRun'>;

/** What operators ask of the workflows that send many dead letters back; TemporalUnavailableError where nobody answers. */
export class DeadLetterReplays {
  constructor(
    private readonly db: Db,
    private readonly workflows: Workflows,
  ) {}

  /** False: the same decisionId has started the same replay before, running or over. */
  async start(command: ReplayCommand, input: DeadLetterReplayInput): Promise<boolean> {
    if (await this.wasStarted(input.bulkId, command)) return false;
    return (await this.workflows.replays.start(input, command)) || !(await this.wasStarted(input.bulkId, command));
  }

  /**
   * Whether the replay is there; throws DECISION_ID_REUSED where it is of another wish. What it has sent back is known
   * for longer than the workflow that sent it: then nobody can tell whether the wish is the same, and it is refused.
   */
  async wasStarted(bulkId: string, command: ReplayCommand): Promise<boolean> {
    // First, for a replay that begins in between has sent nothing yet.
    const replayed = await countBulkDecisions(this.db, bulkId);
    const workflow = await this.workflows.replays.describe(bulkId);
    if (!workflow && replayed === 0) return false;
    if (!workflow) throw new OperationRefused('DECISION_ID_REUSED', { replayed });
    if (!isDeepStrictEqual(workflow.memo?.command, command))
      throw new OperationRefused('DECISION_ID_REUSED', { usedFor: workflow.memo?.command });
    return true;
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

  /**
   * Pauses, resumes or cancels a replay, once a decisionId. Throws REPLAY_NOT_FOUND, REPLAY_OVER, DECISION_ID_REUSED.
   * A workflow that does not answer is signalled all the same.
   */
  async control(
    bulkId: string,
    control: ReplayControl,
    isDry: boolean,
  ): Promise<{
    readonly isNew: boolean;
    readonly control: ReplayControl;
    /** Before it; undefined: nobody could tell. */
    readonly standing: ReplayStanding | undefined;
  }> {
    const { action, ...decision } = control;
    const workflow = await this.workflows.replays.describe(bulkId);
    if (!workflow) throw new OperationRefused('REPLAY_NOT_FOUND');
    const progress = await unlessUnavailable(this.workflows.replays.progress(bulkId));
    const standing = progress && (await this.standing(bulkId, workflow, progress));
    const underIt = progress?.steered.filter(({ decisionId }) => decisionId === decision.decisionId) ?? [];
    const before = underIt.find((steered) => steered.action === action);
    if (before) return { isNew: false, control: before, standing };
    if (underIt.length > 0) throw new OperationRefused('DECISION_ID_REUSED', { usedFor: underIt[0] });
    const isOver = workflow.status.name !== 'RUNNING';
    if (isOver) throw new OperationRefused('REPLAY_OVER', { state: standing?.state ?? workflow.status.name });
    if (!isDry && !(await this.workflows.replays.signal(bulkId, action, decision)))
      throw new OperationRefused('REPLAY_OVER');
    return { isNew: true, control, standing };
  }

  /** What the workflow does not know: who ended it from outside, and what a batch that was ended had sent back. */
  private async standing(
    bulkId: string,
    { status }: WorkflowExecutionDescription,
    { state }: ReplayProgress,
  ): Promise<ReplayStanding> {
    const cutShort = CUT_SHORT.find((how) => how === status.name);
    return { state: cutShort ?? state, replayed: await countBulkDecisions(this.db, bulkId) };
  }
}
