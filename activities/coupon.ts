import { ApplicationFailure } from '@temporalio/activity';
import { deadLetterOf } from '../contracts/dead-letters';
import { deadLetterTopic, groupOf, TOPICS } from '../contracts/topics';
import type { CouponSagaInput } from '../contracts/workflow-api';
import { Batches } from '../db/batches';
import type { Db, Trx } from '../db/connection';
import {
  type CouponIssue,
  type CouponRequest,
  failRequest,
  type IssuedRequest,
  issueRequestedCoupons,
  lockCouponRequest,
  noteReplay,
  reopenRequest,
} from '../db/coupon-requests';
import { addToOutbox, traceHeaders } from '../db/outbox';
import { refusalState } from '../db/refusal';
import type { CouponRequestStatus } from '../domain/coupon';
import type { CouponGate } from '../redis/coupon-gate';
import type { IssuedCoupons } from '../redis/issued-coupons';

/** `%s` is the coupon's name. */
const NOTIFICATION = '쿠폰 "%s"이(가) 발급되었습니다.';
/** SQLSTATE: against a check of the table, such as one more than there are. */
const REFUSED_BY_CHECK = '23514';

export function createCouponActivities(deps: {
  readonly db: Db;
  readonly gate: Pick<CouponGate, 'open'>;
  readonly issued: Pick<IssuedCoupons, 'remember'>;
}) {
  const { db, gate, issued } = deps;
  // Side by side they would wait for each other, and for those who request it, at the coupon's row.
  const issuing = new Batches((issues: readonly CouponIssue[]) => issueRequestedCoupons(db, issues, NOTIFICATION));
  return {
    /**
     * Issues the coupon once: in Postgres with `coupon.issued` and the customer's notification, then its copy in Redis.
     * Final: COUPON_SOLD_OUT, COUPON_REQUEST_NOT_FOUND, REFUSED_BY_DATABASE, or the code of a request that has FAILED.
     */
    async issueCoupon(call: CouponSagaInput & { atMs: number }): Promise<void> {
      const { requestId, replayCount } = call;
      const issue: CouponIssue = { requestId, at: new Date(call.atMs), headers: traceHeaders() };
      const request = await (replayCount === 0
        ? issuing.add(issue)
        : db.transaction(async (trx) => {
            await takeUpReplay(trx, call);
            return (await issueRequestedCoupons(trx, [issue], NOTIFICATION))[0];
          })
      ).catch(asFinalRefusal);
      if (!request) throw ApplicationFailure.nonRetryable(`there is no coupon request ${requestId}`, NOT_FOUND);
      if (!isIssued(request))
        throw ApplicationFailure.nonRetryable(`coupon request ${requestId} has failed`, request.reason ?? 'FAILED');
      const { code, userId, rank, issuedAt } = request;
      await issued.remember({ requestId, userId, code, rank, issuedAt: issuedAt.toISOString() });
    },

    /**
     * Gives up a request, or the replay of one: FAILED, its slot free, its event among the dead letters, once. Returns
     * its status: one that was issued stays so, and this does not give up a later replay's.
     */
    async failCouponRequest(
      call: CouponSagaInput & { readonly code: string; readonly message: string },
    ): Promise<CouponRequestStatus> {
      const { requestId, replayCount } = call;
      const request = await db.transaction(async (trx) => {
        const found = await lockCouponRequest(trx, requestId);
        const isWaiting = found?.status === 'REQUESTED' && found.replays <= replayCount;
        const isReplay = found?.status === 'FAILED' && found.replays < replayCount;
        if (!found || !(isWaiting || isReplay)) return found;
        if (isWaiting) await failRequest(trx, found, call.code);
        else await noteReplay(trx, found, replayCount);
        await publishDeadLetter(trx, found, call, `${call.code}: ${call.message}`);
        return { ...found, status: 'FAILED' as const };
      });
      if (request?.status === 'FAILED') await gate.open(request.code);
      return request?.status ?? 'FAILED';
    },
  };
}

const NOT_FOUND = 'COUPON_REQUEST_NOT_FOUND';

function isIssued(request: IssuedRequest): request is IssuedRequest & { issuedAt: Date } {
  return request.status === 'ISSUED' && request.issuedAt !== null;
}

/** A request that FAILED waits again, once for each replay of its event; one that finds no slot is dead-lettered again. */
async function takeUpReplay(trx: Trx, call: CouponSagaInput): Promise<void> {
  const { requestId, replayCount } = call;
  const request = await lockCouponRequest(trx, requestId);
  if (request?.status !== 'FAILED' || request.replays >= replayCount) return;
  const refusal = await reopenRequest(trx, request, replayCount);
  if (refusal) await publishDeadLetter(trx, request, call, `replay ${replayCount}: ${refusal}`);
}

async function publishDeadLetter(
  trx: Trx,
  request: CouponRequest,
  { record, replayCount, replay }: CouponSagaInput,
  message: string,
): Promise<void> {
  const deadLetter = deadLetterOf({
    record,
    key: request.requestId,
    value: request.event,
    replayCount,
    replay,
    cause: { code: 'ISSUE_FAILED', message, group: groupOf(record.topic) },
  });
  await addToOutbox(trx, [{ topic: deadLetterTopic(TOPICS.couponIssue), key: request.requestId, ...deadLetter }]);
}

/** What the data is against will be so however often it is tried; a slot is counted for each request, so this is a backstop. */
function asFinalRefusal(error: unknown): never {
  const refusal = refusalState(error);
  if (refusal === REFUSED_BY_CHECK) throw ApplicationFailure.nonRetryable('one more than there are', 'COUPON_SOLD_OUT');
  if (refusal) throw ApplicationFailure.nonRetryable(`SQLSTATE ${refusal}`, 'REFUSED_BY_DATABASE');
  throw error;
}
