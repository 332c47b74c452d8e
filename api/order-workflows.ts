import {
  ApplicationFailure,
  type Client,
  isGrpcServiceError,
  ServiceError,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import {
  type CancelRequest,
  type CancelResult,
  type OrderSagaInput,
  orderWorkflowId,
  QUERIES,
  type RefundSagaInput,
  refundWorkflowId,
  type StatusView,
  TASK_QUEUES,
  UPDATES,
  WORKFLOWS,
} from '../contracts/workflow-api';

/** For a look at what the workflow knows, where the database has the rest. */
export const LOOK_DEADLINE_MS = 500;
const CALL_DEADLINE_MS = 5_000;
/** After a question without answer the next ones go to the database for this long, so that they don't wait as well. */
const PAUSE_AFTER_SILENCE_MS = 1_000;

/** Why nothing can be asked of a workflow. */
export const WORKFLOW_CLOSED = 'WORKFLOW_CLOSED';

const deadlineOf = ({ endsAtMs }: EndingCall): number => Math.min(Date.now() + CALL_DEADLINE_MS, endsAtMs);

/** Of Temporal's API: the stage from which on an update is in its workflow's history. */
const UPDATE_ACCEPTED = 2;
const GRPC_NOT_FOUND = 5;

type OrderSaga = (input: OrderSagaInput) => Promise<unknown>;

/** Temporal, or the worker behind it, does not answer. */
export class TemporalAwayError extends Error {
  override readonly name = 'TemporalAwayError';
}

/** `refused` carries the code; `recorded`: the workflow took it and is still undoing. */
export type CancelOutcome =
  | { readonly kind: 'done' | 'recorded' }
  | { readonly kind: 'refused'; readonly refusedBy: string };

/** One call that asks for an end of the order. */
export interface EndingCall {
  /** The same id is the same request. */
  readonly requestId: string;
  /** By this process's clock: the call ends then, and is not sent later. */
  readonly endsAtMs: number;
}

/** What the api asks of the orders' workflows. */
export class OrderWorkflows {
  private readonly questions = new Map<number, Promise<StatusView | undefined>>();
  private silentUntil = 0;

  constructor(private readonly temporal: Client) {}

  /** The workflow's own view within 500 ms; undefined: there is none to be had. The same question at once is asked once. */
  status(orderId: number): Promise<StatusView | undefined> {
    const underWay = this.questions.get(orderId);
    if (underWay) return underWay;
    if (Date.now() < this.silentUntil) return Promise.resolve(undefined);
    const question = this.askStatus(orderId).finally(() => this.questions.delete(orderId));
    this.questions.set(orderId, question);
    return question;
  }

  private async askStatus(orderId: number): Promise<StatusView | undefined> {
    try {
      return await this.temporal.withDeadline(Date.now() + LOOK_DEADLINE_MS, () =>
        this.temporal.workflow.getHandle(orderWorkflowId(orderId)).query<StatusView>(QUERIES.status),
      );
    } catch (error) {
      if (isSilence(error)) this.silentUntil = Date.now() + PAUSE_AFTER_SILENCE_MS;
      return undefined;
    }
  }

  /**
   * Asks the order's workflow, started if need be, to cancel; waits for the end of it up to 5 s. Throws TemporalAwayError
   * where it is not known that the workflow has taken it.
   */
  async cancel(orderId: number, request: CancelRequest, call: EndingCall): Promise<CancelOutcome> {
    return this.temporal.withDeadline(deadlineOf(call), async () => {
      let isRecorded = false;
      try {
        const update = await this.temporal.workflow.startUpdateWithStart<OrderSaga, CancelResult, [CancelRequest]>(
          UPDATES.cancel,
          {
            updateId: call.requestId,
            args: [request],
            waitForStage: 'ACCEPTED',
            startWorkflowOperation: new WithStartWorkflowOperation<OrderSaga>(WORKFLOWS.orderSaga, {
              workflowId: orderWorkflowId(orderId),
              taskQueue: TASK_QUEUES.orders,
              args: [{ orderId }],
              workflowIdConflictPolicy: 'USE_EXISTING',
              workflowIdReusePolicy: 'REJECT_DUPLICATE',
            }),
          },
        );
        isRecorded = true;
        return outcomeOf(await update.result());
      } catch (error) {
        return cancelOutcomeOf(error, isRecorded);
      }
    });
  }

  /**
   * What became of a cancel that may have been sent before under this id; undefined: its workflow has not taken it, or
   * Temporal has forgotten the workflow. Throws TemporalAwayError.
   */
  async earlierCancel(orderId: number, call: EndingCall): Promise<CancelOutcome | undefined> {
    return this.temporal.withDeadline(deadlineOf(call), async () => {
      let isRecorded = false;
      try {
        isRecorded = await this.hasAccepted(orderId, call.requestId);
        const handle = this.temporal.workflow.getHandle(orderWorkflowId(orderId));
        return outcomeOf(await handle.getUpdateHandle<CancelResult>(call.requestId).result());
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return undefined;
        return cancelOutcomeOf(error, isRecorded);
      }
    });
  }

  /** Whether the workflow has accepted this update. Throws WorkflowNotFoundError where Temporal does not know the update. */
  private async hasAccepted(orderId: number, updateId: string): Promise<boolean> {
    const { workflowService, options } = this.temporal;
    const workflowId = orderWorkflowId(orderId);
    try {
      const { stage } = await workflowService.pollWorkflowExecutionUpdate({
        namespace: options.namespace,
        identity: options.identity,
        updateRef: { workflowExecution: { workflowId }, updateId },
        waitPolicy: { lifecycleStage: UPDATE_ACCEPTED },
      });
      return (stage ?? 0) >= UPDATE_ACCEPTED;
    } catch (error) {
      if (!isGrpcServiceError(error) || error.code !== GRPC_NOT_FOUND) throw error;
      throw new WorkflowNotFoundError(`no update ${updateId}`, workflowId, undefined);
    }
  }

  /** Starts the order's refund unless it is under way. Throws TemporalAwayError where it may not have been started. */
  async refund(input: RefundSagaInput, call: EndingCall): Promise<void> {
    try {
      await this.temporal.withDeadline(deadlineOf(call), () =>
        this.temporal.workflow.start(WORKFLOWS.refundSaga, {
          workflowId: refundWorkflowId(input.orderId),
          taskQueue: TASK_QUEUES.orders,
          args: [input],
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        }),
      );
    } catch (error) {
      throw isServiceTrouble(error) ? new TemporalAwayError('refund not started', { cause: error }) : error;
    }
  }

  /** Throws when Temporal does not answer. */
  async ping(): Promise<void> {
    await this.temporal.withDeadline(Date.now() + LOOK_DEADLINE_MS, () =>
      this.temporal.workflowService.getSystemInfo({}),
    );
  }
}

/** A call of at most 5 s; throws TemporalAwayError where nobody answers, and what Temporal refuses as it is. */
export async function temporalCall<Result>(
  temporal: Client,
  call: () => Promise<Result>,
  deadlineMs = CALL_DEADLINE_MS,
): Promise<Result> {
  try {
    return await temporal.withDeadline(Date.now() + deadlineMs, call);
  } catch (error) {
    throw isSilence(error) ? new TemporalAwayError('Temporal does not answer', { cause: error }) : error;
  }
}

/** Why an update is refused; undefined: the error says something else. */
export function refusalOf(error: unknown): string | undefined {
  // Validators' refusals carry the code of what stands against it as their message.
  if (error instanceof WorkflowUpdateFailedError)
    return error.cause instanceof ApplicationFailure ? error.cause.message : 'REFUSED';
  if (error instanceof WorkflowExecutionAlreadyStartedError || error instanceof WorkflowNotFoundError)
    return WORKFLOW_CLOSED;
  return undefined;
}

function outcomeOf(result: CancelResult): CancelOutcome {
  return result.accepted ? { kind: 'done' } : { kind: 'refused', refusedBy: result.refusedBy };
}

function cancelOutcomeOf(error: unknown, isRecorded: boolean): CancelOutcome {
  const refusedBy = refusalOf(error);
  if (refusedBy !== undefined) return { kind: 'refused', refusedBy };
  if (!isSilence(error)) throw error;
  if (isRecorded) return { kind: 'recorded' };
  throw new TemporalAwayError('it is not known that the cancel was taken', { cause: error });
}

/** The server is away, overloaded, or has no worker that answers; not: it answered that this can't be done. */
function isServiceTrouble(error: unknown): boolean {
  return error instanceof ServiceError || error instanceof WorkflowUpdateRPCTimeoutOrCancelledError;
}

function isSilence(error: unknown): boolean {
  return isServiceTrouble(error) || isGrpcServiceError(error);
}
