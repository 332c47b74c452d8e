import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import { SIGNALS } from '../contracts/workflow/messages';
import {
  type DeadLetterReplayInput,
  deadLetterReplayWorkflowId,
  QUERIES,
  type ReplayAction,
  type ReplayProgress,
  type ReplaySignal,
  TASK_QUEUES,
  WORKFLOWS,
} from '../contracts/workflow-api';
import { temporalCall, unlessGone } from './call';

/** What is asked of the workflows that send many dead letters back; TemporalUnavailableError where nobody responds. */
export class ReplayWorkflows {
  constructor(private readonly temporal: Client) {}

  /** `request`: kept with the workflow, as it was asked for. False: one has been started under this id, and may be over. */
  async start(input: DeadLetterReplayInput, request: unknown): Promise<boolean> {
    try {
      await temporalCall(this.temporal, () =>
        this.temporal.workflow.start(WORKFLOWS.deadLetterReplay, {
          workflowId: deadLetterReplayWorkflowId(input.bulkId),
          taskQueue: TASK_QUEUES.ops,
          args: [input],
          memo: { request },
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          staticSummary: `dead letters, ${input.ratePerSecond} a second`,
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
      throw error;
    }
  }

  /** Undefined, here and below: there is none, or none any more. */
  describe(bulkId: string): Promise<WorkflowExecutionDescription | undefined> {
    return this.ask(() => this.handleOf(bulkId).describe());
  }

  progress(bulkId: string): Promise<ReplayProgress | undefined> {
    return this.ask(() => this.handleOf(bulkId).query<ReplayProgress>(QUERIES.progress));
  }

  /** False: it ended meanwhile. */
  async signal(bulkId: string, action: ReplayAction, decision: ReplaySignal): Promise<boolean> {
    const sent = await this.ask(async () => {
      await this.handleOf(bulkId).signal(SIGNALS[action], decision);
      return true;
    });
    return sent ?? false;
  }

  private ask<Result>(call: () => Promise<Result>): Promise<Result | undefined> {
    return unlessGone(temporalCall(this.temporal, call));
  }

  private handleOf(bulkId: string) {
    return this.temporal.workflow.getHandle(deadLetterReplayWorkflowId(bulkId));
  }
}
