import type { Language } from '../../contracts/language';
import { type OrderStatusView, orderStatusSchema } from '../../contracts/responses/orders';
import { linkParamSchema } from '../../contracts/sign-in';
import { ORDER_STEPS } from '../../contracts/workflow/attempt-steps';
import { type StatusView, stepAt } from '../../contracts/workflow-api';
import type { Db } from '../../db/connection';
import { findOrder, type Order } from '../../db/orders';
import { stepsOfOrder } from '../../db/saga-steps';
import { isCancellable, nextStatuses, progressPercentage, statusLabel } from '../../domain/order-status';
import type { Identity } from '../access/identity';
import type { ApiOptions } from '../context';
import type { StatusLookUp } from '../order-statuses';
import { route } from '../route';
import { isRefundable, visibleTo } from './order-access';
import { ofOrder } from './orders';

/** An order's status: from its workflow where that responds, from the database otherwise. */
export const orderStatusRoutes = [
  route('GET /api/orders/{orderId}/status', {
    id: 'getOrderStatus',
    summary:
      'The status of an order, looked up at most once in 250 ms: from its workflow where that responds, else from the database',
    access: 'customer',
    isEmbeddable: true,
    ...ofOrder,
    query: linkParamSchema,
    response: {
      status: 200,
      data: orderStatusSchema,
      message: { ko: '주문 상태 조회 성공', en: 'The status of your order' },
    },
    problems: ['ORDER_NOT_FOUND'],
    async handle({ params, who, language }, { statuses, settings, estimate }) {
      let order: Order | undefined;
      const { view, source } = await statuses.of(params.orderId, (found) => {
        order = visibleTo(who, found);
        return order;
      });
      const times = { usualMs: estimate.recent()?.p95Ms, budgetMs: settings.PROCESSING_BUDGET_MS };
      const shown = statusView(view, source, times, language, Date.now());
      return { data: { ...shown, ...possibleFor(who, order, shown) } };
    },
  }),
] as const;

/** What this reader can have done now: only its customer pays an order, and a viewer changes none. */
function possibleFor(who: Identity, order: Order | undefined, { status, canPay, canCancel }: OrderStatusView) {
  const isOwner = order?.userId === who.userId;
  const mayEnd = isOwner || who.role === 'operator';
  return {
    canPay: isOwner && canPay,
    canCancel: mayEnd && canCancel,
    canRefund: mayEnd && isRefundable(status, who),
  };
}

/** Looks at an order that was just read: by its workflow, or by the database where that has no more to say or does not respond. */
export function statusLookUp({ db, workflows }: Pick<ApiOptions, 'db' | 'workflows'>): StatusLookUp {
  return {
    findOrder: (orderId) => findOrder(db, orderId),
    async see(order) {
      if (isDecided(order)) return { view: await statusByDatabase(db, order), source: 'database' };
      const view = await workflows.orders.status(order.id);
      if (view) return { view, source: 'workflow' };
      // It may have moved while its workflow was waited for.
      return { view: await statusByDatabase(db, (await findOrder(db, order.id)) ?? order), source: 'database' };
    },
  };
}

/** From here on the order's workflow has no more to say: it has ended, or a refund has the order. */
function isDecided({ status }: Order): boolean {
  return status === 'COMPLETED' || status === 'REFUND_REQUESTED' || nextStatuses(status).length === 0;
}

async function statusByDatabase(db: Db, order: Order): Promise<StatusView> {
  const steps = await stepsOfOrder(db, order.id);
  return {
    orderId: order.id,
    status: order.status,
    sagaState: order.sagaState,
    canCancel: isCancellable(order.status) && order.sagaState !== 'COMPENSATING',
    lastUpdated: order.updatedAt.toISOString(),
    ...(order.statusReason === null ? {} : { reason: order.statusReason }),
    steps: steps
      .map(({ step, attempt, state, code }) => ({ step, attempt, state, ...(code === null ? {} : { error: code }) }))
      .sort((a, b) => a.attempt - b.attempt || ORDER_STEPS.indexOf(a.step) - ORDER_STEPS.indexOf(b.step)),
  };
}

/** How long what is under way takes, in ms: 19 of 20 recent orders, where that is known, and at the longest. */
interface Durations {
  readonly usualMs: number | undefined;
  readonly budgetMs: number;
}

/** The public view of a status; `now` is in ms. */
export function statusView(
  view: StatusView,
  source: OrderStatusView['source'],
  durations: Durations,
  language: Language,
  now: number,
): OrderStatusView {
  return {
    orderId: view.orderId,
    status: view.status,
    statusDescription: statusLabel(view.status, language),
    progressPercentage: progressPercentage(view.status),
    canPay: view.status === 'PENDING_PAYMENT' && view.sagaState === 'WAITING',
    canCancel: view.canCancel && view.sagaState !== 'NEEDS_OPERATOR',
    canRefund: view.status === 'COMPLETED',
    lastUpdated: view.lastUpdated,
    estimatedCompletionAt: estimatedCompletionAt(view, durations, now),
    ...(view.reason === undefined ? {} : { reason: view.reason }),
    saga: { state: view.sagaState, steps: view.steps.map((step) => stepAt(step, new Date())) },
    source,
  };
}

/**
 * When what is under way is over, as 19 of 20 recent orders were; for an undo, and one that takes longer, at the latest. Null where
 * nobody can know: it waits for the customer, the carrier or an operator, it has ended, or it is late already.
 */
function estimatedCompletionAt(view: StatusView, { usualMs, budgetMs }: Durations, now: number): string | null {
  if (view.sagaState !== 'RUNNING' && view.sagaState !== 'COMPENSATING') return null;
  const begunAt = Date.parse(view.lastUpdated);
  const usual = view.sagaState === 'RUNNING' && usualMs !== undefined ? [begunAt + Math.min(usualMs, budgetMs)] : [];
  const at = [...usual, begunAt + budgetMs].find((time) => time > now);
  return at === undefined ? null : new Date(at).toISOString();
}
