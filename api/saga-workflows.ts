import { type Client, isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';
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
import { LOOK_DEADLINE_MS, refusalOf, TemporalAwayError, temporalCall, WORKFLOW_CLOSED } from './order-workflows';

const ALREADY_EXISTS = 6;
/** As the protocol numbers it: an order has one workflow, ever. */
const REJECT_DUPLICATE = 3;

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
          signalInput: { payloads: [payload(wish)] },
          requestId: `${SIGNALS.compensate}:${decisionId}`,
          identity: options.identity,
        });
        return undefined;
      } catch (error) {
        if (isGrpcServiceError(error) && error.code === ALREADY_EXISTS) return WORKFLOW_CLOSED;
        throw error;
      }
    });
  }

  /** Hands a decision to the workflow, once a decisionId; returns why it is refused. Throws TemporalAwayError. */
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

  private async look<Seen>(ask: () => Promise<Seen>): Promise<Seen | undefined> {
    try {
      return await temporalCall(this.temporal, ask, LOOK_DEADLINE_MS);
    } catch (error) {
      if (error instanceof TemporalAwayError || error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }
}
