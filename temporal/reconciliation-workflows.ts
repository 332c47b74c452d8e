import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/client';
import {
  RECONCILIATION_WORKFLOW_ID,
  type ReconciliationInput,
  type ScheduledReconciliationInput,
  TASK_QUEUES,
  WORKFLOWS,
} from '../contracts/workflow-api';
import { temporalCall } from './call';

const DAY_MS = 24 * 60 * 60_000;

/** What is asked of the workflow that reconciles; TemporalUnavailableError where nobody responds. */
export class ReconciliationWorkflows {
  constructor(private readonly temporal: Client) {}

  /** False: one is under way. */
  async start(input: ReconciliationInput): Promise<boolean> {
    try {
      await temporalCall(this.temporal, () =>
        this.temporal.workflow.start(WORKFLOWS.reconciliation, {
          workflowId: RECONCILIATION_WORKFLOW_ID,
          taskQueue: TASK_QUEUES.ops,
          args: [input],
          workflowIdConflictPolicy: 'FAIL',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          staticSummary: `${input.scope}, asked for by ${input.actor}`,
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
      throw error;
    }
  }

  /** A schedule for what has changed, and one a day for everything; those that are there get these times. */
  async ensureSchedules(everyMs: number): Promise<void> {
    await this.ensureSchedule('INCREMENTAL', everyMs);
    // Never more often than the other.
    await this.ensureSchedule('FULL', Math.max(DAY_MS, everyMs));
  }

  private async ensureSchedule(scope: ScheduledReconciliationInput['scope'], everyMs: number): Promise<void> {
    const scheduleId = `reconciliation-${scope.toLowerCase()}`;
    const input: ScheduledReconciliationInput = { scope };
    const schedule = {
      scheduleId,
      spec: { intervals: [{ every: everyMs }] },
      action: {
        type: 'startWorkflow',
        workflowType: WORKFLOWS.scheduledReconciliation,
        workflowId: scheduleId,
        taskQueue: TASK_QUEUES.ops,
        args: [input],
      },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
    } satisfies ScheduleOptions;
    try {
      await temporalCall(this.temporal, () => this.temporal.schedule.create(schedule));
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      const handle = this.temporal.schedule.getHandle(scheduleId);
      const { spec, action, policies } = schedule;
      // Paused by an operator it stays.
      await temporalCall(this.temporal, () => handle.update(({ state }) => ({ spec, action, policies, state })));
    }
  }
}
