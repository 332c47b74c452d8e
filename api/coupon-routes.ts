import { Router } from 'express';
import {
  type CouponAcceptedView,
  type CouponRequestView,
  type CouponView,
  couponCodeSchema,
  putCouponSchema,
  requestCouponSchema,
  requestIdSchema,
} from '../contracts/http';
import type { Db } from '../db/connection';
import {
  type Admission,
  type Applicant,
  admitCouponRequests,
  againWhereTaken,
  findCouponRequest,
} from '../db/coupon-requests';
import { type Coupon, couponCounts, couponTruth, findCoupon, putCoupon } from '../db/coupons';
import { traceHeaders } from '../db/outbox';
import type { CouponRefusal } from '../domain/coupon';
import { CouponGate } from '../redis/coupon-gate';
import { IssuedCoupons } from '../redis/issued-coupons';
import { languageOf, send, success } from './answer';
import { authenticated, identityOf, operatorsOnly } from './authentication';
import { CouponAdmission } from './coupon-admission';
import type { RouteDependencies } from './dependencies';
import { answerOnce, repeatable } from './idempotency';
import { ProblemError } from './problem';
import { jsonBody, parse, parseBody } from './validation';

/** Refusals that say something of the coupon, and so of everybody who asks next. */
const OF_THE_COUPON: ReadonlySet<CouponRefusal> = new Set(['COUPON_SOLD_OUT', 'COUPON_NOT_OPEN', 'COUPON_CLOSED']);

/** Coupons: asked for by customers, first come first served; set and counted by operators. */
export function couponRoutes({ db, redis, settings, metrics, logger, authenticate }: RouteDependencies): Router {
  const router = Router();
  const user = authenticated(authenticate);
  const gate = new CouponGate(redis, couponTruth(db));
  const issued = new IssuedCoupons(redis);
  const admission = new CouponAdmission(db);

  /** The rank, or a problem. */
  function ranked(code: string, answer: Admission): number {
    metrics.couponResponses.inc({ outcome: 'rank' in answer ? 'ACCEPTED' : answer.refusal, by: 'database' });
    if ('rank' in answer) return answer.rank;
    if (OF_THE_COUPON.has(answer.refusal))
      gate.shut(code).catch((error: unknown) => logger.warn({ err: error }, 'the gate stays open'));
    throw new ProblemError(answer.refusal);
  }

  /** The rank of one who waits with the others, unless the gate refuses him. */
  async function rankInLine(code: string, applicant: Applicant): Promise<number> {
    const refusal = await gate.refusalOf(code, applicant.userId, applicant.requestId);
    if (!refusal) return ranked(code, await admission.ask(code, applicant));
    metrics.couponResponses.inc({ outcome: refusal, by: 'gate' });
    throw new ProblemError(refusal);
  }

  router.post('/api/coupons/:code/requests', user, jsonBody, async (request, response) => {
    const { userId, email: userEmail } = identityOf(response);
    const code = parse(request, couponCodeSchema, request.params.code);
    const { requestId } = parseBody(request, requestCouponSchema);
    const language = languageOf(request);
    const accepted = (rank: number) =>
      success(202, { requestId, rank } satisfies CouponAcceptedView, 'couponRequested', language);

    const applicant = { requestId, userId, userEmail, headers: traceHeaders() };
    const asked = repeatable(request, userId, { requestId });
    const answer =
      asked.id === undefined
        ? accepted(await rankInLine(code, applicant))
        : // An answer under a key is looked up first, and saved in the transaction of its place: it goes alone.
          await againWhereTaken(() =>
            answerOnce(db, asked, async (trx) => {
              const admissions = await admitCouponRequests(trx, code, [applicant]);
              return accepted(ranked(code, admissions.get(requestId) as Admission));
            }),
          );
    response.location(`/api/coupons/requests/${requestId}`);
    send(response, answer);
  });

  router.get('/api/coupons/requests/:requestId', user, async (request, response) => {
    const { userId } = identityOf(response);
    const id = requestIdSchema.safeParse(request.params.requestId);
    const known = id.success ? ((await issued.find(id.data)) ?? (await findCouponRequest(db, id.data))) : undefined;
    if (known?.userId !== userId) throw new ProblemError('COUPON_REQUEST_NOT_FOUND');
    const { requestId, code, rank } = known;
    const issuedAt = known.issuedAt === null ? undefined : new Date(known.issuedAt).toISOString();
    const status = 'status' in known ? known.status : 'ISSUED';
    const view: CouponRequestView = { requestId, code, status, rank, ...(issuedAt ? { issuedAt } : {}) };
    send(response, success(200, view, 'couponRequest', languageOf(request)));
  });

  router.put('/api/ops/coupons/:code', user, operatorsOnly, jsonBody, async (request, response) => {
    const code = parse(request, couponCodeSchema, request.params.code);
    const { name, total, discount, opensAt, closesAt, minimumAmount } = parseBody(request, putCouponSchema);
    const coupon: Coupon = {
      code,
      name,
      total,
      discount,
      opensAt: opensAt ? new Date(opensAt) : null,
      closesAt: closesAt ? new Date(closesAt) : null,
      minimumMinor: minimumAmount ?? 0,
    };
    if (!(await putCoupon(db, coupon)))
      throw new ProblemError('COUPON_TOTAL_TOO_LOW', { taken: (await couponCounts(db, code)).taken });
    await gate.open(code);
    send(response, success(200, await couponView(db, coupon, settings.CURRENCY), 'couponSaved', languageOf(request)));
  });

  router.get('/api/ops/coupons/:code', user, operatorsOnly, async (request, response) => {
    const code = parse(request, couponCodeSchema, request.params.code);
    const coupon = await findCoupon(db, code);
    if (!coupon) throw new ProblemError('COUPON_NOT_FOUND');
    send(response, success(200, await couponView(db, coupon, settings.CURRENCY), 'coupon', languageOf(request)));
  });

  return router;
}

async function couponView(db: Db, coupon: Coupon, currency: string): Promise<CouponView> {
  const { code, name, total, discount, opensAt, closesAt, minimumMinor } = coupon;
  const { accepted, taken, issued, claimed, redeemed } = await couponCounts(db, code);
  return {
    code,
    name,
    total,
    discount,
    opensAt: opensAt?.toISOString() ?? null,
    closesAt: closesAt?.toISOString() ?? null,
    minimumAmount: minimumMinor,
    currency,
    counts: {
      accepted,
      requested: taken - issued,
      issued,
      failed: accepted - taken,
      left: Math.max(0, total - taken),
      claimed,
      redeemed,
    },
  };
}
