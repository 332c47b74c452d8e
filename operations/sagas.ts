import type { ResolveSaga } from '../contracts/saga-operations';
import type { Db } from '../db/connection';
import { findOrder, type Order } from '../db/orders';
import { findResolution, noteCompensation, WHOLE_ORDER, withdrawCompensation } from '../db/saga-details';
import { stepsOfOrder } from '../db/saga-steps';
import { isCancellable } from '../domain/order-status';
import { TemporalUnavailableError, WORKFLOW_CLOSED } from '../temporal/call';
import type { Workflows } from '../temporal/workflows';
import { type Decision, type Earlier, OperationRefused, takeDecision } from './decision';

export type ResolveCommand = Decision & Pick<ResolveSaga, 'step' | 'decision' | 'reference'>;

/** What operators decide about a saga; false: it was decided before under this id. Throws OperationRefused. */
export class SagaDecisions {
  constructor(
    private readonly db: Db,
    private readonly workflows: Workflows,
  ) {}

  async compensate(order: Order, decision: Decision): Promise<boolean> {
    return takeDecision(decision, {
      earlier: () => this.earlier(order, decision.decisionId, WHOLE_ORDER),
      check: async () => {
        const why = await this.whyNotCompensable(order);
        if (why) throw new OperationRefused('ORDER_NOT_CANCELLABLE', { orderId: order.id, reason: why });
      },
      // Recorded first: where the process dies between the two, the same decision is sent once more.
      act: async () => {
        const isNew = await this.record(order, decision);
        await this.sendCompensate(order, decision, isNew);
        return isNew;
      },
      repeat: () => this.sendCompensate(order, decision, false),
    });
  }

  async resolve(order: Order, workflowId: string, { step, ...command }: ResolveCommand): Promise<boolean> {
    const { isDryRun: _, ...resolution } = { step, ...command };
    const refused = (why: string) => new OperationRefused('NOT_RESOLVABLE', { orderId: order.id, step, reason: why });
    return takeDecision(command, {
      earlier: () => this.earlier(order, command.decisionId, { step, decision: command.decision }),
      check: async () => {
        const why = command.isDryRun && (await this.whyNotResolvable(workflowId, step));
        if (why) throw refused(why);
      },
      act: async () => {
        const why = await this.workflows.resolve(workflowId, resolution);
        if (why) throw refused(why);
        return true;
      },
      // A Temporal that was restarted may have forgotten a decision that the database has.
      repeat: async () => void (await this.workflows.resolve(workflowId, resolution)),
    });
  }

  private async sendCompensate(order: Order, { decisionId, reason, actor }: Decision, isNew: boolean): Promise<void> {
    const why = await this.workflows.orders.compensate(order.id, { reason, actor }, decisionId);
    if (!why) return;
    const ended = (await findOrder(this.db, order.id)) ?? order;
    // The workflow had it the first time, and carried it out.
    if (!isNew && ended.status === 'CANCELLED') return;
    if (isNew) await withdrawCompensation(this.db, decisionId);
    throw new OperationRefused('ORDER_NOT_CANCELLABLE', {
      orderId: order.id,
      reason: (await this.whyNotCompensable(ended)) ?? why,
    });
  }

  private async earlier(
    order: Order,
    decisionId: string,
    meant: { readonly step: string; readonly decision: string },
  ): Promise<Earlier> {
    const decided = await findResolution(this.db, decisionId);
    if (!decided) return undefined;
    const { orderId, step, decision } = decided;
    const isSame = orderId === order.id && step === meant.step && decision === meant.decision;
    return isSame ? 'same' : { usedFor: { orderId, step, decision } };
  }

  /** False: the same was decided under this id between our look and now. */
  private async record(order: Order, { decisionId, reason, actor }: Decision): Promise<boolean> {
    if (await noteCompensation(this.db, { orderId: order.id, decisionId, reason, actor })) return true;
    const earlier = await this.earlier(order, decisionId, WHOLE_ORDER);
    if (earlier !== 'same') throw new OperationRefused('DECISION_ID_REUSED', earlier);
    return false;
  }

  /** As the workflow will decide; its decision counts, and a refusal is in the timeline. */
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
