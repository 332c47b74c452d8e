import { Router } from 'express';
import { reasonSchema } from '../contracts/http';
import { lockOrder, type Order } from '../db/orders';
import { hasEndingRequest, keepReason } from '../db/timeline';
import { isCancellable } from '../domain/order-status';
import type { CancelOutcome } from '../temporal/order-workflows';
import { type Answer, languageOf, problem, send, success } from './answer';
import { authenticated, type Identity, identityOf } from './authentication';
import type { RouteDependencies } from './dependencies';
import { answerOnceOutside, type OutsideAttempt, repeatable } from './idempotency';
import { actorOf, ownOrderOrOperators } from './order-access';
import type { Language } from './problem';
import { jsonBody, orderIdOf, parseBody } from './validation';

/** How people end an order: cancelling it before it has left, giving it back afterwards. */
export function endingRoutes({ db, workflows, authenticate }: RouteDependencies): Router {
  const router = Router();
  const user = authenticated(authenticate);

  router.post('/api/orders/:orderId/cancel', user, jsonBody, async (request, response) => {
    const who = identityOf(response);
    const body = parseBody(request, reasonSchema);
    const language = languageOf(request);
    const order = await ownOrderOrOperators(db, orderIdOf(request), who);
    const answer = await answerOnceOutside(db, repeatable(request, who.userId, body), async (attempt) => {
      const earlier = attempt.mayHaveHappened ? await earlierCancel(order, attempt) : undefined;
      if (!earlier && !isCancellable(order.status)) return cancelRefused(order, order.status, language);
      const outcome = earlier ?? (await cancel(order, attempt, body.reason, actorOf(order, who)));
      if (outcome.kind === 'refused') return cancelRefused(order, outcome.refusedBy, language);
      const status = outcome.kind === 'done' ? 'CANCELLED' : 'CANCELLING';
      return success(202, { orderId: order.id, status }, 'cancelled', language);
    });
    send(response, answer);
  });

  router.post('/api/orders/:orderId/refund', user, jsonBody, async (request, response) => {
    const who = identityOf(response);
    const body = parseBody(request, reasonSchema);
    const language = languageOf(request);
    const order = await ownOrderOrOperators(db, orderIdOf(request), who);
    const answer = await answerOnceOutside(db, repeatable(request, who.userId, body), async (attempt) => {
      const wasTaken = attempt.mayHaveHappened && (await hasEndingRequest(db, order.id, attempt.requestId));
      if (!wasTaken && !isRefundable(order, who))
        return problem('ORDER_NOT_REFUNDABLE', language, { orderStatus: order.status });
      if (!wasTaken) await refund(order, attempt, body.reason, actorOf(order, who));
      return success(202, { orderId: order.id, status: 'REFUND_REQUESTED' }, 'refundRequested', language);
    });
    send(response, answer);
  });

  /** What became of a cancel that an earlier attempt may have sent; undefined: nothing. */
  async function earlierCancel(order: Order, attempt: OutsideAttempt): Promise<CancelOutcome | undefined> {
    const outcome = await workflows.orders.earlierCancel(order.id, attempt);
    if (outcome || order.status !== 'CANCELLED') return outcome;
    // Temporal keeps closed workflows for a time only.
    return (await hasEndingRequest(db, order.id, attempt.requestId)) ? { kind: 'done' } : undefined;
  }

  async function cancel({ id: orderId }: Order, attempt: OutsideAttempt, words: string, actor: string) {
    const { requestId } = attempt;
    const reason = await keep('CANCEL_ASKED', { orderId, requestId, reason: words, actor });
    return workflows.orders.cancel(orderId, { reason, actor }, attempt);
  }

  async function refund({ id: orderId }: Order, attempt: OutsideAttempt, words: string, actor: string) {
    const { requestId } = attempt;
    const reason = await keep('REFUND_ASKED', { orderId, requestId, reason: words, actor });
    await workflows.orders.refund({ orderId, requestId, reason, actor }, attempt);
  }

  /** With the order's row locked, as every entry of its timeline. */
  function keep(code: 'CANCEL_ASKED' | 'REFUND_ASKED', asked: Omit<Parameters<typeof keepReason>[1], 'code'>) {
    return db.transaction(async (trx) => {
      await lockOrder(trx, asked.orderId);
      return keepReason(trx, { ...asked, code });
    });
  }

  return router;
}

function cancelRefused(order: Order, reason: string, language: Language): Answer {
  return problem('ORDER_NOT_CANCELLABLE', language, { orderId: order.id, reason });
}

/** A parcel on its way can only be given up as lost, which an operator decides. */
function isRefundable({ status }: Order, who: Identity): boolean {
  return status === 'COMPLETED' || (who.isOperator && (status === 'SHIPMENT_STARTED' || status === 'IN_TRANSIT'));
}
