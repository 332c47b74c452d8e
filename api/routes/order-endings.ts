import { reasonSchema } from '../../contracts/http';
import { cancelledSchema, refundRequestedSchema } from '../../contracts/responses/orders';
import type { Db } from '../../db/connection';
import { lockOrder, type Order } from '../../db/orders';
import { hasEndingRequest, keepReason } from '../../db/timeline';
import { isCancellable } from '../../domain/order-status';
import type { CancelOutcome } from '../../temporal/order-workflows';
import type { ApiContext } from '../context';
import type { OutsideAttempt } from '../idempotency';
import { ProblemError } from '../problem';
import { route } from '../route';
import { actorOf, changeableOrder, isRefundable } from './order-access';
import { ofOrder } from './orders';

/** How people end an order: cancelling it before it has left, giving it back afterwards. */
export const orderEndingRoutes = [
  route('POST /api/orders/{orderId}/cancel', {
    id: 'cancelOrder',
    summary: 'Cancel before it has left; CANCELLING: recorded, its undo goes on',
    access: 'customer',
    isIdempotent: true,
    ...ofOrder,
    body: reasonSchema,
    response: {
      status: 202,
      data: cancelledSchema,
      message: { ko: '주문 취소가 접수되었습니다.', en: 'The cancellation was accepted.' },
    },
    problems: ['FORBIDDEN', 'ORDER_NOT_FOUND', 'ORDER_NOT_CANCELLABLE', 'TEMPORAL_UNAVAILABLE'],
    async handle({ params, body, who, onceOutside }, context) {
      const order = await changeableOrder(context.db, params.orderId, who);
      return onceOutside(async (attempt) => {
        const earlier = attempt.mayHaveHappened ? await earlierCancel(context, order, attempt) : undefined;
        if (!earlier && !isCancellable(order.status)) return notCancellable(order, order.status);
        const outcome = earlier ?? (await cancel(context, order, attempt, body.reason, actorOf(order, who)));
        if (outcome.kind === 'refused') return notCancellable(order, outcome.refusedBy);
        return { data: { orderId: order.id, status: outcome.kind === 'done' ? 'CANCELLED' : 'CANCELLING' } };
      });
    },
  }),

  route('POST /api/orders/{orderId}/refund', {
    id: 'refundOrder',
    summary: 'Give a completed order back; an operator also one that is on its way',
    access: 'customer',
    isIdempotent: true,
    ...ofOrder,
    body: reasonSchema,
    response: {
      status: 202,
      data: refundRequestedSchema,
      message: { ko: '환불 요청이 접수되었습니다.', en: 'The refund was requested.' },
    },
    problems: ['FORBIDDEN', 'ORDER_NOT_FOUND', 'ORDER_NOT_REFUNDABLE', 'TEMPORAL_UNAVAILABLE'],
    async handle({ params, body, who, onceOutside }, context) {
      const order = await changeableOrder(context.db, params.orderId, who);
      return onceOutside(async (attempt) => {
        const wasTaken = attempt.mayHaveHappened && (await hasEndingRequest(context.db, order.id, attempt.requestId));
        if (!wasTaken && !isRefundable(order.status, who))
          return new ProblemError('ORDER_NOT_REFUNDABLE', { orderStatus: order.status });
        if (!wasTaken) await refund(context, order, attempt, body.reason, actorOf(order, who));
        return { data: { orderId: order.id, status: 'REFUND_REQUESTED' } };
      });
    },
  }),
] as const;

/** The outcome of a cancel that an earlier attempt may have sent; undefined: there is none. */
async function earlierCancel(
  { db, workflows }: ApiContext,
  order: Order,
  attempt: OutsideAttempt,
): Promise<CancelOutcome | undefined> {
  const outcome = await workflows.orders.earlierCancel(order.id, attempt);
  if (outcome || order.status !== 'CANCELLED') return outcome;
  // Temporal keeps closed workflows for a time only.
  return (await hasEndingRequest(db, order.id, attempt.requestId)) ? { kind: 'done' } : undefined;
}

async function cancel(
  { db, workflows }: ApiContext,
  { id: orderId }: Order,
  attempt: OutsideAttempt,
  words: string,
  actor: string,
): Promise<CancelOutcome> {
  const { requestId } = attempt;
  const reason = await keep(db, { code: 'CANCEL_ASKED', orderId, requestId, reason: words, actor });
  return workflows.orders.cancel(orderId, { reason, actor }, attempt);
}

async function refund(
  { db, workflows }: ApiContext,
  { id: orderId }: Order,
  attempt: OutsideAttempt,
  words: string,
  actor: string,
): Promise<void> {
  const { requestId } = attempt;
  const reason = await keep(db, { code: 'REFUND_ASKED', orderId, requestId, reason: words, actor });
  await workflows.orders.refund({ orderId, requestId, reason, actor }, attempt);
}

/** With the order's row locked, as every entry of its timeline. */
function keep(db: Db, request: Parameters<typeof keepReason>[1]): ReturnType<typeof keepReason> {
  return db.transaction(async (trx) => {
    await lockOrder(trx, request.orderId);
    return keepReason(trx, request);
  });
}

function notCancellable(order: Order, reason: string): ProblemError {
  return new ProblemError('ORDER_NOT_CANCELLABLE', { orderId: order.id, reason });
}
