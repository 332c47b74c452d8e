import { ApplicationFailure } from '@temporalio/activity';
import { deadLetterOf } from '../contracts/dead-letters';
import { deadLetterTopic, TOPICS } from '../contracts/topics';
import type { CouponSagaInput, RecordPosition } from '../contracts/workflow-api';
import type { Db, Trx } from '../db/connection';
import {
  type CouponRequest,
  failRequest,
  type IssuedRequest,
  issueRequestedCoupon,
  lockCouponRequest,
  reopenRequest,
} from '../db/coupon-requests';
import { addToOutbox } from '../db/outbox';
import type { CouponRequestStatus } from '../domain/coupon';
import type { CouponGate } from '../redis/coupon-gate';
import type { IssuedCoupons } from '../redis/issued-coupons';

/** `%s` stands for the coupon's name. */
const TOLD = '쿠폰 "%s"이(가) 발급되었습니다.';
/** SQLSTATE: against a check of the table, such as one more than there are. */
const REFUSED_BY_CHECK = '23514';

export function createCouponActivities(deps: {
  readonly db: Db;
  readonly gate: Pick<CouponGate, 'open'>;
  readonly issued: Pick<IssuedCoupons, 'remember'>;
}) {
  const { db, gate, issued } = deps;
  return {
    /**
     * Issues the coupon once: in Postgres with `coupon.issued` and the customer's notification, then its copy in Redis.
     * Final: COUPON_SOLD_OUT, COUPON_REQUEST_NOT_FOUND, or the code of a request that has FAILED.
     */
    async issueCoupon({ requestId, replayCount, record, atMs }: CouponSagaInput & { atMs: number }): Promise<void> {
      if (replayCount > 0) await db.transaction((trx) => takeUpReplay(trx, requestId, replayCount, record));
      const at = new Date(atMs);
      const request = await issueRequestedCoupon(db, { requestId, at, told: TOLD }).catch(asFinalRefusal);
      if (!request) throw ApplicationFailure.nonRetryable(`there is no coupon request ${requestId}`, NOT_FOUND);
      if (!isIssued(request))
        throw ApplicationFailure.nonRetryable(`coupon request ${requestId} has failed`, request.reason ?? 'FAILED');
      const { code, userId, rank, issuedAt } = request;
      await issued.remember({ requestId, userId, code, rank, issuedAt: issuedAt.toISOString() });
    },

    /**
     * Gives up a request that waits: FAILED, its place free, its event among the dead letters. Returns how it stands: one
     * that was issued stays so.
     */
    async failCouponRequest(
      call: Pick<CouponSagaInput, 'requestId' | 'record'> & { code: string; message: string },
    ): Promise<CouponRequestStatus> {
      const request = await db.transaction(async (trx) => {
        const found = await lockCouponRequest(trx, call.requestId);
        if (found?.status !== 'REQUESTED') return found;
        await failRequest(trx, found, call.code);
        await bury(trx, found, call.record, `${call.code}: ${call.message}`);
        return { ...found, status: 'FAILED' as const };
      });
      if (request?.status === 'FAILED') await gate.open(request.code);
      return request?.status ?? 'FAILED';
    },
  };
}
export type CouponActivities = ReturnType<typeof createCouponActivities>;

const NOT_FOUND = 'COUPON_REQUEST_NOT_FOUND';

function isIssued(request: IssuedRequest): request is IssuedRequest & { issuedAt: Date } {
  return request.status === 'ISSUED' && request.issuedAt !== null;
}

/** A request that FAILED waits again, once for each replay of its event; one that finds no place is buried again. */
async function takeUpReplay(trx: Trx, requestId: string, replay: number, record: RecordPosition): Promise<void> {
  const request = await lockCouponRequest(trx, requestId);
  if (request?.status !== 'FAILED' || request.replays >= replay) return;
  const refusal = await reopenRequest(trx, request, replay);
  if (refusal) await bury(trx, { ...request, replays: replay }, record, `replay ${replay}: ${refusal}`);
}

async function bury(trx: Trx, request: CouponRequest, record: RecordPosition, message: string): Promise<void> {
  const letter = deadLetterOf({
    record,
    key: request.requestId,
    value: request.event,
    replayCount: request.replays,
    cause: { code: 'ISSUE_FAILED', message },
  });
  await addToOutbox(trx, [{ topic: deadLetterTopic(TOPICS.couponIssue), key: request.requestId, ...letter }]);
}

function asFinalRefusal(error: unknown): never {
  const { code, message } = error as { code?: unknown; message: string };
  if (code === REFUSED_BY_CHECK) throw ApplicationFailure.nonRetryable(message, 'COUPON_SOLD_OUT');
  throw error;
}
