import {
  ApplicationFailure,
  type Client,
  isGrpcServiceError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import {
  type Compensate,
  type OrderSagaInput,
  orderWorkflowId,
  QUERIES,
  type ResolveCompensation,
  type SagaView,
  SIGNALS,
  TASK_QUEUES,
  UPDATES,
  WORKFLOWS,
} from '../contracts/workflow-api';
import { TemporalAwayError } from './order-workflows';

const LOOK_DEADLINE_MS = 500;
const CALL_DEADLINE_MS = 5_000;
const ALREADY_EXISTS = 6;
/** As the protocol numbers it: an order has one workflow, ever. */
const REJECT_DUPLICATE = 3;
/** Why nothing can be asked of a workflow. */
export const WORKFLOW_CLOSED = 'WORKFLOW_CLOSED';

/** A workflow as Temporal describes it. */
export interface DescribedWorkflow {
  readonly workflowId: string;
  readonly runId: string;
  readonly status: string;
  readonly startedAt: Date;
  readonly closedAt: Date | undefined;
}

/** What operators ask of the workflows of orders and refunds. */
export class SagaWorkflows {
  constructor(private readonly temporal: Client) {}

  /** The saga as its workflow sees it; undefined: it can't be asked within 500 ms. */
  async saga(workflowId: string): Promise<SagaView | undefined> {
    return this.look(() => this.temporal.workflow.getHandle(workflowId).query<SagaView>(QUERIES.saga));
  }

  /** Undefined: there is none, or Temporal does not answer within 500 ms. */
  async describe(workflowId: string): Promise<DescribedWorkflow | undefined> {
    return this.look(async () => {
      const { runId, status, startTime, closeTime } = await this.temporal.workflow.getHandle(workflowId).describe();
      return { workflowId, runId, status: status.name, startedAt: startTime, closedAt: closeTime };
    });
  }

  /**
   * Asks the order's workflow, started if need be, to undo everything. By the server's own request id the same decision
   * is one signal, however often it is sent. Returns why it can't be asked; throws TemporalAwayError.
   */
  async compensate(orderId: number, wish: Compensate, decisionId: string): Promise<typeof WORKFLOW_CLOSED | undefined> {
    const { options, workflowService } = this.temporal;
    const payload = (value: unknown) => options.loadedDataConverter.payloadConverter.toPayload(value);
    const input: OrderSagaInput = { orderId };
    try {
      await this.temporal.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
        workflowService.signalWithStartWorkflowExecution({
          namespace: options.namespace,
          workflowId: orderWorkflowId(orderId),
          workflowType: { name: WORKFLOWS.orderSaga },
          taskQueue: { name: TASK_QUEUES.orders },
          input: { payloads: [payload(input)] },
          workflowIdReusePolicy: REJECT_DUPLICATE,
          userMetadata: { summary: payload(`order ${orderId}`) },
          signalName: SIGNALS.compensate,
          signalInput: { payloads: [payload(wish)] },
          requestId: `${SIGNALS.compensate}:${decisionId}`,
          identity: options.identity,
        }),
      );
      return undefined;
    } catch (error) {
      if (!isGrpcServiceError(error)) throw error;
      if (error.code === ALREADY_EXISTS) return WORKFLOW_CLOSED;
      throw new TemporalAwayError('nobody took the compensate', { cause: error });
    }
  }

  /** Hands a decision to the workflow, once a decisionId; returns why it is refused. Throws TemporalAwayError. */
  async resolve(workflowId: string, resolution: ResolveCompensation): Promise<string | undefined> {
    try {
      // Under an update id of its own: a decision that could not be carried out may come again under its decisionId.
      await this.temporal.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
        this.temporal.workflow
          .getHandle(workflowId)
          .executeUpdate<void, [ResolveCompensation]>(UPDATES.resolve, { args: [resolution] }),
      );
      return undefined;
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError)
        return error.cause instanceof ApplicationFailure ? error.cause.message : 'REFUSED';
      if (error instanceof WorkflowNotFoundError) return WORKFLOW_CLOSED;
      if (error instanceof ServiceError || error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
        throw new TemporalAwayError('nobody took the decision', { cause: error });
      throw error;
    }
  }

  private async look<Seen>(ask: () => Promise<Seen>): Promise<Seen | undefined> {
    try {
      return await this.temporal.withDeadline(Date.now() + LOOK_DEADLINE_MS, ask);
    } catch (error) {
      if (error instanceof ServiceError || error instanceof WorkflowNotFoundError || isGrpcServiceError(error))
        return undefined;
      throw error;
    }
  }
}
