import { createHash, randomUUID } from 'node:crypto';
import { Router } from 'express';
import { reasonSchema } from '../contracts/http';
import { lockOrder, type Order } from '../db/orders';
import { hasEndingRequest, keepReason } from '../db/timeline';
import { isCancellable } from '../domain/order-status';
import { type Answer, languageOf, problem, send, success } from './answer';
import { authenticated, type Identity, identityOf } from './authentication';
import type { RouteDependencies } from './dependencies';
import { answerOnceOutside, type Repeatable, repeatable } from './idempotency';
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
    const asked = repeatable(request, who.userId, body);
    const requestId = requestIdOf(asked);
    const answer = await answerOnceOutside(db, asked, async ({ mayHaveHappened }) => {
      const wasTaken = mayHaveHappened && (await hasEndingRequest(db, order.id, requestId));
      if (!wasTaken && !isCancellable(order.status)) return cancelRefused(order, order.status, language);
      const asked = { orderId: order.id, requestId, reason: body.reason, actor: actorOf(order, who) };
      const cancel = async () => {
        const reason = await keep('CANCEL_ASKED', asked);
        return workflows.cancel(order.id, { reason, actor: asked.actor }, requestId);
      };
      const outcome = wasTaken ? await workflows.cancelTaken(order.id, requestId, order.status) : await cancel();
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
    const asked = repeatable(request, who.userId, body);
    const requestId = requestIdOf(asked);
    const answer = await answerOnceOutside(db, asked, async ({ mayHaveHappened }) => {
      const wasTaken = mayHaveHappened && (await hasEndingRequest(db, order.id, requestId));
      if (!wasTaken && !isRefundable(order, who))
        return problem('ORDER_NOT_REFUNDABLE', language, { orderStatus: order.status });
      const asked = { orderId: order.id, requestId, reason: body.reason, actor: actorOf(order, who) };
      if (!wasTaken) await workflows.refund({ ...asked, reason: await keep('REFUND_ASKED', asked) });
      return success(202, { orderId: order.id, status: 'REFUND_REQUESTED' }, 'refundRequested', language);
    });
    send(response, answer);
  });

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

/** One Idempotency-Key is one request, also for the workflow. */
function requestIdOf({ id }: Repeatable): string {
  if (id === undefined) return randomUUID();
  return createHash('sha256')
    .update(JSON.stringify([id.userId, id.path, id.key]))
    .digest('hex');
}
