import type { CompensateSaga, ResolveSaga } from '../contracts/saga-operations';
import type { Db } from '../db/connection';
import { findOrder, type Order } from '../db/orders';
import { findResolution, noteCompensation, WHOLE_ORDER, withdrawCompensation } from '../db/saga-details';
import { stepsOfOrder } from '../db/saga-steps';
import { isCancellable } from '../domain/order-status';
import { TemporalUnavailableError, WORKFLOW_CLOSED } from '../temporal/call';
import type { Workflows } from '../temporal/workflows';
import { OperationRefused } from './refusal';

/** Takes what operators decide about a saga, once a decisionId; what can't be done is a problem with its `reason`. */
export class SagaDecisions {
  constructor(
    private readonly db: Db,
    private readonly workflows: Workflows,
  ) {}

  /** False: it had been decided before under this id. */
  async compensate(order: Order, command: CompensateSaga, actor: string): Promise<boolean> {
    const { decisionId, dryRun } = command;
    const isUnknown = !(await this.wasDecided(order, decisionId, WHOLE_ORDER));
    if (isUnknown) {
      const why = await this.whyNotCompensable(order);
      if (why) throw new OperationRefused('ORDER_NOT_CANCELLABLE', { orderId: order.id, reason: why });
    }
    if (dryRun) return isUnknown;
    // Recorded first: a process that dies between the two is finished by the same decision, sent once more.
    const isNew = isUnknown && (await this.note(order, command, actor));
    const why = await this.workflows.orders.compensate(order.id, { reason: command.reason, actor }, decisionId);
    if (!why) return isNew;
    const ended = (await findOrder(this.db, order.id)) ?? order;
    // It was heard the first time, and carried out.
    if (!isNew && ended.status === 'CANCELLED') return false;
    if (isNew) await withdrawCompensation(this.db, decisionId);
    const reason = (await this.whyNotCompensable(ended)) ?? why;
    throw new OperationRefused('ORDER_NOT_CANCELLABLE', { orderId: order.id, reason });
  }

  /** False: it had been decided before under this id. */
  async resolve(order: Order, workflowId: string, command: ResolveSaga, actor: string): Promise<boolean> {
    const { dryRun, ...resolution } = command;
    const wasDecided = await this.wasDecided(order, command.decisionId, command);
    if (dryRun && wasDecided) return false;
    // Also where the database has it: a Temporal that was restarted may have forgotten that it took it.
    const why = dryRun
      ? await this.whyNotResolvable(workflowId, command.step)
      : await this.workflows.resolve(workflowId, { ...resolution, actor });
    if (why && !wasDecided)
      throw new OperationRefused('NOT_RESOLVABLE', { orderId: order.id, step: command.step, reason: why });
    return !wasDecided;
  }

  private async wasDecided(
    order: Order,
    decisionId: string,
    meant: { readonly step: string; readonly decision: string },
  ): Promise<boolean> {
    const decided = await findResolution(this.db, decisionId);
    if (!decided) return false;
    const { orderId, step, decision } = decided;
    if (orderId === order.id && step === meant.step && decision === meant.decision) return true;
    throw new OperationRefused('DECISION_ID_REUSED', { usedFor: { orderId, step, decision } });
  }

  /** False: the same was decided under this id between our look and now. */
  private async note(order: Order, { decisionId, reason }: CompensateSaga, actor: string): Promise<boolean> {
    const isFirst = await noteCompensation(this.db, { orderId: order.id, decisionId, reason, actor });
    return isFirst || !(await this.wasDecided(order, decisionId, WHOLE_ORDER));
  }

  /** As the workflow will judge it; it has the last word, and writes its refusal into the timeline. */
  private async whyNotCompensable({ id, status, sagaState }: Order): Promise<string | undefined> {
    if (!isCancellable(status)) return `ORDER_${status}`;
    if (sagaState !== 'NEEDS_OPERATOR') return undefined;
    const steps = await stepsOfOrder(this.db, id);
    return steps.some(({ state }) => state === 'UNDO_FAILED' || state === 'UNDOING') ? 'NEEDS_OPERATOR' : undefined;
  }

  private async whyNotResolvable(workflowId: string, step: string): Promise<string | undefined> {
    const saga = await this.workflows.saga(workflowId);
    if (!saga) throw new TemporalUnavailableError('no workflow responds');
    if (saga.sagaState === 'SETTLED') return WORKFLOW_CLOSED;
    const stuck = saga.parked.map((point) => point.step);
    if (saga.sagaState !== 'NEEDS_OPERATOR' || stuck.length === 0) return 'nothing waits for a decision';
    if (stuck.includes(step)) return undefined;
    return `step ${step} does not wait for a decision; waiting: ${stuck.join(', ')}`;
  }
}
