import { type Request, type Response, Router } from 'express';
import {
  compensateSchema,
  type OutboxView,
  outboxQuerySchema,
  resolveSchema,
  type SagaDecided,
  sagaFilterSchema,
} from '../contracts/saga-operations';
import { orderWorkflowId, refundWorkflowId } from '../contracts/workflow-api';
import { findOrder, type Order } from '../db/orders';
import { oldestUnpublished, outboxBacklog } from '../db/outbox';
import { listSagas, sagaDetailsOf } from '../db/saga-details';
import { workflowParkedAt } from '../db/saga-items';
import { stepsOfOrder } from '../db/saga-steps';
import { SagaDecisions } from '../operations/sagas';
import { LOOK_WITHIN_MS, unlessUnavailable } from '../temporal/call';
import { type DecisionName, decisionAnswer, languageOf, send, success } from './answer';
import { authenticated, operatorOf, operatorsOnly } from './authentication';
import type { RouteDependencies } from './dependencies';
import { ProblemError } from './problem';
import { outboxRowView, sagaDetails, sagaSummary, sagaWait, sagaWorkflow } from './saga-views';
import { jsonBody, orderIdOf, parseBody, parseQuery } from './validation';

/** What operators see of sagas and the outbox, and what they decide about a saga. */
export function sagaRoutes({ db, workflows, settings, authenticate }: RouteDependencies): Router {
  const router = Router();
  const user = authenticated(authenticate);
  const describe = (workflowId: string) => unlessUnavailable(workflows.describe(workflowId, LOOK_WITHIN_MS));
  const decisions = new SagaDecisions(db, workflows);
  const webUi = { address: settings.TEMPORAL_UI_URL, namespace: settings.TEMPORAL_NAMESPACE };

  async function orderOf(request: Request): Promise<Order> {
    const order = await findOrder(db, orderIdOf(request));
    if (!order) throw new ProblemError('ORDER_NOT_FOUND');
    return order;
  }

  router.get('/api/ops/sagas', user, operatorsOnly, async (request, response) => {
    const sagas = await listSagas(db, parseQuery(request, sagaFilterSchema));
    send(response, success(200, sagas.map(sagaSummary), 'sagas', languageOf(request)));
  });

  router.get('/api/ops/sagas/:orderId', user, operatorsOnly, async (request, response) => {
    const order = await orderOf(request);
    const workflowId = activeWorkflowId(order);
    const [steps, stored, workflow, refund, saga] = await Promise.all([
      stepsOfOrder(db, order.id),
      sagaDetailsOf(db, order.id),
      describe(orderWorkflowId(order.id)),
      describe(refundWorkflowId(order.id)),
      order.sagaState === 'SETTLED' ? undefined : unlessUnavailable(workflows.saga(workflowId)),
    ]);
    const details = sagaDetails(order, steps, stored, {
      ...(workflow ? { workflow: sagaWorkflow(workflow, webUi) } : {}),
      ...(refund ? { refund: sagaWorkflow(refund, webUi) } : {}),
      ...(saga ? { waits: sagaWait(workflowId, saga) } : {}),
    });
    response.setHeader('Cache-Control', 'no-store');
    send(response, success(200, details, 'saga', languageOf(request)));
  });

  router.post('/api/ops/sagas/:orderId/compensate', user, operatorsOnly, jsonBody, async (request, response) => {
    const command = parseBody(request, compensateSchema);
    const order = await orderOf(request);
    const isNew = await decisions.compensate(order, command, operatorOf(response));
    await answer(
      request,
      response,
      { order, command, workflowId: orderWorkflowId(order.id), isNew },
      'sagaCompensated',
    );
  });

  router.post('/api/ops/sagas/:orderId/resolve', user, operatorsOnly, jsonBody, async (request, response) => {
    const command = parseBody(request, resolveSchema);
    const order = await orderOf(request);
    // A refund that could not even begin has left its order as it was.
    const workflowId = (await workflowParkedAt(db, order.id, command.step)) ?? activeWorkflowId(order);
    const isNew = await decisions.resolve(order, workflowId, command, operatorOf(response));
    await answer(request, response, { order, command, workflowId, isNew }, 'sagaResolved');
  });

  router.get('/api/ops/outbox', user, operatorsOnly, async (request, response) => {
    const { limit } = parseQuery(request, outboxQuerySchema);
    const [backlog, rows] = await Promise.all([outboxBacklog(db), oldestUnpublished(db, limit)]);
    const view: OutboxView = { ...backlog, rows: rows.map(outboxRowView) };
    response.setHeader('Cache-Control', 'no-store');
    send(response, success(200, view, 'outbox', languageOf(request)));
  });

  async function answer(request: Request, response: Response, decided: Decided, name: DecisionName): Promise<void> {
    const { order, workflowId, isNew } = decided;
    const { decisionId, dryRun } = decided.command;
    const { status, sagaState } = (await findOrder(db, order.id)) ?? order;
    const data: SagaDecided = { orderId: order.id, decisionId, dryRun, workflowId, status, sagaState };
    send(response, decisionAnswer({ dryRun, isNew }, data, name, languageOf(request)));
  }

  return router;
}

interface Decided {
  readonly order: Order;
  readonly command: { readonly decisionId: string; readonly dryRun: boolean };
  readonly workflowId: string;
  readonly isNew: boolean;
}

/** The workflow that has the order now. */
function activeWorkflowId({ id, status }: Order): string {
  return status === 'REFUND_REQUESTED' ? refundWorkflowId(id) : orderWorkflowId(id);
}
