import { type Client, isGrpcServiceError, WithStartWorkflowOperation, WorkflowNotFoundError } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import {
  type CancelRequest,
  type CancelResult,
  type Compensate,
  type OrderSignals,
  SIGNALS,
} from '../contracts/workflow/messages';
import {
  FIRST_WAIT,
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
import {
  CALL_WITHIN_MS,
  isServiceTrouble,
  isSilence,
  LOOK_WITHIN_MS,
  refusalOf,
  TemporalUnavailableError,
  temporalCall,
  unlessStarted,
  WORKFLOW_CLOSED,
} from './call';

/** After a question without response the next ones go to the database for this long, so that they don't wait as well. */
const PAUSE_AFTER_SILENCE_MS = 1_000;

const deadlineOf = ({ endsAtMs }: EndingCall): number => Math.min(Date.now() + CALL_WITHIN_MS, endsAtMs);

/** Of Temporal's API: the stage from which on an update is in its workflow's history. */
const UPDATE_ACCEPTED = 2;
const GRPC_NOT_FOUND = 5;
const GRPC_ALREADY_EXISTS = 6;
/** As the protocol numbers it: an order has one workflow, ever. */
const REJECT_DUPLICATE = 3;

type OrderSaga = (input: OrderSagaInput) => Promise<unknown>;

const startOptions = (orderId: number) => ({
  workflowId: orderWorkflowId(orderId),
  taskQueue: TASK_QUEUES.orders,
  args: [{ orderId }] as [OrderSagaInput],
  workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
  staticSummary: `order ${orderId}`,
  // Where nearly every order first waits: one that does writes them no more.
  typedSearchAttributes: [
    { key: defineSearchAttributeKey('OrderStatus', 'KEYWORD'), value: FIRST_WAIT.status },
    { key: defineSearchAttributeKey('SagaState', 'KEYWORD'), value: FIRST_WAIT.sagaState },
  ],
});

/** `refused` carries the code; `recorded`: the workflow took it and is still undoing. */
export type CancelOutcome =
  | { readonly kind: 'done' | 'recorded' }
  | { readonly kind: 'refused'; readonly refusedBy: string };

/** One request to cancel or refund an order. */
export interface EndingCall {
  /** The same id is the same request. */
  readonly requestId: string;
  /** By this process's clock: the call ends then, and is not sent later. */
  readonly endsAtMs: number;
}

/** What is asked of the workflows of orders, and of their refunds. */
export class OrderWorkflows {
  private silentUntil = 0;

  constructor(
    private readonly temporal: Client,
    private readonly eagerStart: boolean,
  ) {}

  /** The workflow's own view within 500 ms; undefined: there is none to be had. */
  async status(orderId: number): Promise<StatusView | undefined> {
    if (Date.now() < this.silentUntil) return undefined;
    try {
      return await this.temporal.withDeadline(Date.now() + LOOK_WITHIN_MS, () =>
        this.temporal.workflow.getHandle(orderWorkflowId(orderId)).query<StatusView>(QUERIES.status),
      );
    } catch (error) {
      if (isSilence(error)) this.silentUntil = Date.now() + PAUSE_AFTER_SILENCE_MS;
      return undefined;
    }
  }

  /**
   * Asks the order's workflow, started if need be, to cancel; waits for the end of it up to 5 s. Throws TemporalUnavailableError
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
              ...startOptions(orderId),
              workflowIdConflictPolicy: 'USE_EXISTING',
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
   * Temporal has forgotten the workflow. Throws TemporalUnavailableError.
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

  /** Starts the order's workflow; false: it runs, or has run, already. */
  start(orderId: number): Promise<boolean> {
    // FAIL where DESIGN says USE_EXISTING: the same effect, but a duplicate is distinguished from a start.
    return unlessStarted(this.temporal, () =>
      this.temporal.workflow.start(WORKFLOWS.orderSaga, {
        ...startOptions(orderId),
        workflowIdConflictPolicy: 'FAIL',
        ...(this.eagerStart ? { requestEagerStart: true } : {}),
      }),
    );
  }

  /** Starts the order's workflow once more where its run is over, to undo everything if so asked; false: it runs again already. */
  restart(orderId: number, compensate?: Compensate): Promise<boolean> {
    const options = { ...startOptions(orderId), workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const };
    return unlessStarted(this.temporal, () =>
      compensate
        ? this.temporal.workflow.signalWithStart(WORKFLOWS.orderSaga, {
            ...options,
            workflowIdConflictPolicy: 'USE_EXISTING',
            signal: SIGNALS.compensate,
            signalArgs: [compensate],
          })
        : this.temporal.workflow.start(WORKFLOWS.orderSaga, { ...options, workflowIdConflictPolicy: 'FAIL' }),
    );
  }

  /** The same of its refund. */
  restartRefund(input: RefundSagaInput): Promise<boolean> {
    return unlessStarted(this.temporal, () =>
      this.temporal.workflow.start(WORKFLOWS.refundSaga, {
        workflowId: refundWorkflowId(input.orderId),
        taskQueue: TASK_QUEUES.orders,
        args: [input],
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      }),
    );
  }

  /** Signals the order's workflow, starting it if the stock event has not come yet; false: it has ended. */
  signal<Name extends keyof OrderSignals>(
    orderId: number,
    signal: Name,
    payload: OrderSignals[Name],
  ): Promise<boolean> {
    return unlessStarted(this.temporal, () =>
      this.temporal.workflow.signalWithStart(WORKFLOWS.orderSaga, {
        ...startOptions(orderId),
        workflowIdConflictPolicy: 'USE_EXISTING',
        signal,
        signalArgs: [payload],
      }),
    );
  }

  /**
   * Asks the order's workflow, started if need be, to undo everything. By the server's own request id the same decision
   * is one signal, however often it is sent. Returns why it can't be asked; throws TemporalUnavailableError.
   */
  async compensate(
    orderId: number,
    command: Compensate,
    decisionId: string,
  ): Promise<typeof WORKFLOW_CLOSED | undefined> {
    const { options, workflowService } = this.temporal;
    const payload = (value: unknown) => options.loadedDataConverter.payloadConverter.toPayload(value);
    const input: OrderSagaInput = { orderId };
    return temporalCall(this.temporal, async () => {
      try {
        await workflowService.signalWithStartWorkflowExecution({
          namespace: options.namespace,
          workflowId: orderWorkflowId(orderId),
          workflowType: { name: WORKFLOWS.orderSaga },
          taskQueue: { name: TASK_QUEUES.orders },
          input: { payloads: [payload(input)] },
          workflowIdReusePolicy: REJECT_DUPLICATE,
          userMetadata: { summary: payload(`order ${orderId}`) },
          signalName: SIGNALS.compensate,
          signalInput: { payloads: [payload(command)] },
          requestId: `${SIGNALS.compensate}:${decisionId}`,
          identity: options.identity,
        });
        return undefined;
      } catch (error) {
        if (isGrpcServiceError(error) && error.code === GRPC_ALREADY_EXISTS) return WORKFLOW_CLOSED;
        throw error;
      }
    });
  }

  /** Starts the order's refund unless it is under way. Throws TemporalUnavailableError where it may not have been started. */
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
      throw isServiceTrouble(error) ? new TemporalUnavailableError('refund not started', { cause: error }) : error;
    }
  }
}

function outcomeOf(result: CancelResult): CancelOutcome {
  return result.accepted ? { kind: 'done' } : { kind: 'refused', refusedBy: result.refusedBy };
}

function cancelOutcomeOf(error: unknown, isRecorded: boolean): CancelOutcome {
  const refusedBy = refusalOf(error);
  if (refusedBy !== undefined) return { kind: 'refused', refusedBy };
  if (!isSilence(error)) throw error;
  if (isRecorded) return { kind: 'recorded' };
  throw new TemporalUnavailableError('it is not known that the cancel was taken', { cause: error });
}
