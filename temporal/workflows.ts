import type { Client, WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client';
import type { ResolveCompensation } from '../contracts/workflow/messages';
import {
  type CouponSagaInput,
  couponWorkflowId,
  QUERIES,
  type SagaView,
  TASK_QUEUES,
  UPDATES,
  WORKFLOWS,
} from '../contracts/workflow-api';
import { LOOK_WITHIN_MS, refusalOf, temporalCall, unlessGone, unlessStarted } from './call';
import { OrderWorkflows } from './order-workflows';
import { ReconciliationWorkflows } from './reconciliation-workflows';
import { ReplayWorkflows } from './replay-workflows';

/** For a query that nobody waits for. */
const WATCH_WITHIN_MS = 10_000;
/** A worker that ends in the middle of a workflow task costs one or two tries. */
const FAILING_AFTER_TRIES = 3;
/** Ids in one query of Temporal's list. */
const LISTED_AT_ONCE = 100;

/** A workflow as Temporal describes it. */
export interface DescribedWorkflow {
  readonly workflowId: string;
  readonly runId: string;
  /** RUNNING, COMPLETED, FAILED, CANCELLED, TERMINATED, CONTINUED_AS_NEW or TIMED_OUT. */
  readonly status: string;
  readonly startedAt: Date;
  readonly closedAt: Date | undefined;
  /** Its task fails again and again: its code can't go on, which only a mended version cures. */
  readonly isTaskFailing: boolean;
}

/** The one door to Temporal: everything that is started, signalled, asked and searched, by name and payload. */
export class Workflows {
  readonly orders: OrderWorkflows;
  readonly replays: ReplayWorkflows;
  readonly reconciliation: ReconciliationWorkflows;
  private readonly eagerStart: boolean;

  constructor(
    private readonly temporal: Client,
    /** `eagerStart`: only where the client's connection is the worker's; the first workflow task then skips the server's queue. */
    { eagerStart = false }: { readonly eagerStart?: boolean } = {},
  ) {
    this.eagerStart = eagerStart;
    this.orders = new OrderWorkflows(temporal, eagerStart);
    this.replays = new ReplayWorkflows(temporal);
    this.reconciliation = new ReconciliationWorkflows(temporal);
  }

  /** Starts the workflow of a coupon's request, again if it had failed; false: it runs, or has issued, already. */
  startCoupon(
    input: CouponSagaInput,
    request: { readonly summary: string; readonly hasFailed: boolean },
  ): Promise<boolean> {
    return unlessStarted(this.temporal, () =>
      this.temporal.workflow.start(WORKFLOWS.couponSaga, {
        workflowId: couponWorkflowId(input.requestId),
        taskQueue: TASK_QUEUES.coupons,
        args: [input] as [CouponSagaInput],
        // Not REJECT_DUPLICATE: a request that FAILED may begin again, which its row decides.
        workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
        // One that FAILED in its row has nothing left to do, but may wait for a worker to say so: the replay must not be lost.
        workflowIdConflictPolicy: request.hasFailed ? 'TERMINATE_EXISTING' : 'FAIL',
        staticSummary: request.summary,
        ...(this.eagerStart ? { requestEagerStart: true } : {}),
      }),
    );
  }

  /** The saga as its workflow sees it, within 500 ms; undefined: there is none. Throws TemporalUnavailableError. */
  saga(workflowId: string): Promise<SagaView | undefined> {
    const ask = () => this.temporal.workflow.getHandle(workflowId).query<SagaView>(QUERIES.saga);
    return unlessGone(temporalCall(this.temporal, ask, LOOK_WITHIN_MS));
  }

  /** Undefined: there is none, or Temporal has forgotten it. Throws TemporalUnavailableError. */
  async describe(workflowId: string, withinMs = WATCH_WITHIN_MS): Promise<DescribedWorkflow | undefined> {
    const describe = () => this.temporal.workflow.getHandle(workflowId).describe();
    const described = await unlessGone(temporalCall(this.temporal, describe, withinMs));
    return described && asDescribed(described);
  }

  /** Hands a decision to the workflow, once a decisionId; returns why it is refused. Throws TemporalUnavailableError. */
  async resolve(workflowId: string, resolution: ResolveCompensation): Promise<string | undefined> {
    try {
      // Under an update id of its own: a decision that could not be carried out may come again under its decisionId.
      await temporalCall(this.temporal, () =>
        this.temporal.workflow
          .getHandle(workflowId)
          .executeUpdate<void, [ResolveCompensation]>(UPDATES.resolve, { args: [resolution] }),
      );
      return undefined;
    } catch (error) {
      const why = refusalOf(error);
      if (why === undefined) throw error;
      return why;
    }
  }

  /** Runs of our workflows that failed, timed out or were terminated since then. */
  async *endedBadlySince(since: Date): AsyncGenerator<WorkflowExecutionInfo> {
    const types = Object.values(WORKFLOWS).map((name) => `'${name}'`);
    const query = `WorkflowType IN (${types.join(', ')}) AND ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut') AND CloseTime >= '${since.toISOString()}'`;
    const runs = this.temporal.workflow.list({ query })[Symbol.asyncIterator]();
    const next = () => this.temporal.withDeadline(Date.now() + WATCH_WITHIN_MS, () => runs.next());
    for (let found = await next(); !found.done; found = await next()) yield found.value;
  }

  /** Which of these workflows run, as far as Temporal's list knows yet: it lags behind. */
  async runningAmong(workflowIds: readonly string[]): Promise<ReadonlySet<string>> {
    const running = new Set<string>();
    for (let at = 0; at < workflowIds.length; at += LISTED_AT_ONCE) {
      const ids = workflowIds.slice(at, at + LISTED_AT_ONCE).map((id) => `'${id}'`);
      const query = `WorkflowId IN (${ids.join(', ')}) AND ExecutionStatus = 'Running'`;
      await temporalCall(
        this.temporal,
        async () => {
          for await (const { workflowId } of this.temporal.workflow.list({ query })) running.add(workflowId);
        },
        WATCH_WITHIN_MS,
      );
    }
    return running;
  }

  /** Ends the calls of `work` when the signal says so. */
  withAbortSignal<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    return this.temporal.withAbortSignal(signal, work);
  }

  /** Throws when Temporal does not respond. */
  async ping(): Promise<void> {
    await this.temporal.withDeadline(Date.now() + LOOK_WITHIN_MS, () =>
      this.temporal.workflowService.getSystemInfo({}),
    );
  }
}

function asDescribed({ workflowId, runId, status, startTime, closeTime, raw }: WorkflowExecutionDescription) {
  return {
    ...{ workflowId, runId, status: status.name, startedAt: startTime, closedAt: closeTime },
    isTaskFailing: (raw.pendingWorkflowTask?.attempt ?? 0) >= FAILING_AFTER_TRIES,
  };
}
