import { z } from 'zod';
import { decisionSchema } from '../../contracts/decision';
import { outboxSchema, sagaDecidedSchema, sagaDetailsSchema, sagaSummarySchema } from '../../contracts/responses/sagas';
import { outboxQuerySchema, resolveSchema, sagaFilterSchema } from '../../contracts/saga-operations';
import { orderWorkflowId, refundWorkflowId } from '../../contracts/workflow-api';
import type { Db } from '../../db/connection';
import { findOrder, type Order } from '../../db/orders';
import { oldestUnpublished, outboxBacklog } from '../../db/outbox';
import { listSagas, sagaDetailsOf } from '../../db/saga-details';
import { workflowParkedAt } from '../../db/saga-items';
import { stepsOfOrder } from '../../db/saga-steps';
import type { Decision } from '../../operations/decision';
import { SagaDecisions } from '../../operations/sagas';
import { LOOK_WITHIN_MS, unlessUnavailable } from '../../temporal/call';
import { decisionRoute } from '../decision-route';
import { ProblemError } from '../problem';
import { route } from '../route';
import { ofOrder } from './orders';
import { outboxRowView, sagaDetails, sagaSummary, sagaWait, sagaWorkflow } from './saga-views';

/** What operators read of sagas and the outbox, and what they decide about a saga. */
export const sagaRoutes = [
  route('GET /api/ops/sagas', {
    id: 'listSagas',
    summary: 'Sagas, those of the newest orders first (operators)',
    access: 'viewer',
    query: sagaFilterSchema,
    response: {
      status: 200,
      data: z.array(sagaSummarySchema),
      message: { ko: '사가 목록 조회 성공', en: 'Sagas' },
    },
    handle: async ({ query }, { db }) => ({ data: (await listSagas(db, query)).map(sagaSummary) }),
  }),

  route('GET /api/ops/sagas/{orderId}', {
    id: 'getSaga',
    summary:
      "An order's saga with all that is known of it; what only Temporal knows is absent while it is unavailable (operators)",
    access: 'viewer',
    ...ofOrder,
    response: { status: 200, data: sagaDetailsSchema, message: { ko: '사가 조회 성공', en: "The order's saga" } },
    problems: ['ORDER_NOT_FOUND'],
    async handle({ params }, { db, workflows, settings }) {
      const order = await orderOf(db, params.orderId);
      const workflowId = activeWorkflowId(order);
      const describe = (id: string) => unlessUnavailable(workflows.describe(id, LOOK_WITHIN_MS));
      const [steps, stored, workflow, refund, saga] = await Promise.all([
        stepsOfOrder(db, order.id),
        sagaDetailsOf(db, order.id),
        describe(orderWorkflowId(order.id)),
        describe(refundWorkflowId(order.id)),
        order.sagaState === 'SETTLED' ? undefined : unlessUnavailable(workflows.saga(workflowId)),
      ]);
      const webUi = { address: settings.TEMPORAL_UI_URL, namespace: settings.TEMPORAL_NAMESPACE };
      return {
        data: sagaDetails(order, steps, stored, {
          ...(workflow ? { workflow: sagaWorkflow(workflow, webUi) } : {}),
          ...(refund ? { refund: sagaWorkflow(refund, webUi) } : {}),
          ...(saga ? { waits: sagaWait(workflowId, saga) } : {}),
        }),
      };
    },
  }),

  decisionRoute('POST /api/ops/sagas/{orderId}/compensate', {
    id: 'compensateSaga',
    summary: 'Undo an order that has not left and cancel it; the outcome is in its timeline (operators)',
    ...ofOrder,
    body: decisionSchema,
    data: sagaDecidedSchema,
    message: { ko: '주문의 보상을 요청했습니다.', en: 'The undo of the order was requested.' },
    dryRunMessage: {
      ko: '주문의 보상을 요청하게 됩니다. 바뀐 것은 없습니다.',
      en: 'The undo of the order would be requested; nothing was done.',
    },
    problems: ['ORDER_NOT_FOUND', 'ORDER_NOT_CANCELLABLE', 'TEMPORAL_UNAVAILABLE'],
    async decide({ params, decision }, { db, workflows }) {
      const order = await orderOf(db, params.orderId);
      const isNew = await new SagaDecisions(db, workflows).compensate(order, decision);
      return { isNew, data: await decided(db, order, orderWorkflowId(order.id), decision) };
    },
  }),

  decisionRoute('POST /api/ops/sagas/{orderId}/resolve', {
    id: 'resolveSaga',
    summary: 'Decide about an undo that failed: RETRY, SKIP or DONE_EXTERNALLY (operators)',
    ...ofOrder,
    body: resolveSchema,
    data: sagaDecidedSchema,
    message: { ko: '결정을 전달했습니다.', en: 'The decision was taken.' },
    dryRunMessage: {
      ko: '결정을 전달하게 됩니다. 바뀐 것은 없습니다.',
      en: 'The decision would be taken; nothing was done.',
    },
    problems: ['ORDER_NOT_FOUND', 'NOT_RESOLVABLE', 'TEMPORAL_UNAVAILABLE'],
    async decide({ params, body, decision }, { db, workflows }) {
      const order = await orderOf(db, params.orderId);
      // A refund that could not even begin has left its order as it was.
      const workflowId = (await workflowParkedAt(db, order.id, body.step)) ?? activeWorkflowId(order);
      const isNew = await new SagaDecisions(db, workflows).resolve(order, workflowId, { ...decision, ...body });
      return { isNew, data: await decided(db, order, workflowId, decision) };
    },
  }),

  route('GET /api/ops/outbox', {
    id: 'getOutbox',
    summary: 'What waits to be published: figures, and the oldest rows (operators)',
    access: 'viewer',
    query: outboxQuerySchema,
    response: { status: 200, data: outboxSchema, message: { ko: '아웃박스 조회 성공', en: 'The outbox' } },
    async handle({ query }, { db }) {
      const [backlog, rows] = await Promise.all([outboxBacklog(db), oldestUnpublished(db, query.limit)]);
      return { data: { ...backlog, rows: rows.map(outboxRowView) } };
    },
  }),
] as const;

async function orderOf(db: Db, orderId: number): Promise<Order> {
  const order = await findOrder(db, orderId);
  if (!order) throw new ProblemError('ORDER_NOT_FOUND');
  return order;
}

/** The workflow that has the order now. */
function activeWorkflowId({ id, status }: Order): string {
  return status === 'REFUND_REQUESTED' ? refundWorkflowId(id) : orderWorkflowId(id);
}

async function decided(db: Db, order: Order, workflowId: string, { decisionId, isDryRun = false }: Decision) {
  const { status, sagaState } = (await findOrder(db, order.id)) ?? order;
  return { orderId: order.id, decisionId, dryRun: isDryRun, workflowId, status, sagaState };
}
