import { z } from 'zod';
import { couponCodeSchema, requestIdSchema } from '../../contracts/events';
import { putCouponSchema, requestCouponSchema } from '../../contracts/http';
import {
  type CouponRequestView,
  type CouponView,
  couponAcceptedSchema,
  couponRequestStateSchema,
  couponSchema,
} from '../../contracts/responses/coupons';
import type { Db } from '../../db/connection';
import {
  type Admission,
  type Applicant,
  admitCouponRequests,
  againWhereTaken,
  findCouponRequest,
} from '../../db/coupon-requests';
import { type Coupon, couponCounts, findCoupon, putCoupon } from '../../db/coupons';
import { traceHeaders } from '../../db/outbox';
import { COUPON_REFUSALS, type CouponRefusal } from '../../domain/coupon';
import type { ApiContext } from '../context';
import { ProblemError } from '../problem';
import { route } from '../route';

const ofCoupon = { params: z.object({ code: couponCodeSchema }) };

/** Coupons: requested by customers, first come first served; set and counted by operators. */
export const couponRoutes = [
  route('POST /api/coupons/{code}/requests', {
    id: 'requestCoupon',
    summary: 'Request a coupon, first come first served; the same requestId again: the first response',
    access: 'customer',
    isIdempotent: true,
    ...ofCoupon,
    body: requestCouponSchema,
    response: {
      status: 202,
      data: couponAcceptedSchema,
      message: { ko: '쿠폰 신청이 접수되었습니다.', en: 'Your request for the coupon was accepted.' },
      location: ({ requestId }) => `/api/coupons/requests/${requestId}`,
    },
    problems: COUPON_REFUSALS,
    async handle({ params: { code }, body: { requestId }, who, hasKey, once }, context) {
      context.coupons.rush.count();
      const applicant = { requestId, userId: who.userId, userEmail: who.email, headers: traceHeaders() };
      if (!hasKey) return { data: { requestId, rank: await rankAmongOthers(context, code, applicant) } };
      // A response under a key is looked up first, and saved in the transaction of its place: it goes alone.
      return againWhereTaken(() =>
        once(async (trx) => {
          const admissions = await admitCouponRequests(trx, code, [applicant]);
          return { data: { requestId, rank: rankOf(context, code, admissions.get(requestId) as Admission) } };
        }),
      );
    },
  }),

  route('GET /api/coupons/requests/{requestId}', {
    id: 'getCouponRequest',
    summary: "The state of the user's own request for a coupon",
    access: 'customer',
    params: z.object({ requestId: requestIdSchema }),
    unknownParams: 'COUPON_REQUEST_NOT_FOUND',
    response: {
      status: 200,
      data: couponRequestStateSchema,
      message: { ko: '쿠폰 신청 조회 성공', en: 'Your request for a coupon' },
    },
    problems: ['COUPON_REQUEST_NOT_FOUND'],
    async handle({ params, who }, { db, coupons }) {
      const known = (await coupons.issued.find(params.requestId)) ?? (await findCouponRequest(db, params.requestId));
      if (known?.userId !== who.userId) throw new ProblemError('COUPON_REQUEST_NOT_FOUND');
      const { requestId, code, rank } = known;
      const issuedAt = known.issuedAt === null ? undefined : new Date(known.issuedAt).toISOString();
      const status = 'status' in known ? known.status : 'ISSUED';
      const data: CouponRequestView = { requestId, code, status, rank, ...(issuedAt ? { issuedAt } : {}) };
      return { data };
    },
  }),

  route('PUT /api/ops/coupons/{code}', {
    id: 'putCoupon',
    summary: 'Create or change a coupon; its total never falls below what is taken (operators)',
    access: 'operator',
    ...ofCoupon,
    body: putCouponSchema,
    response: {
      status: 200,
      data: couponSchema,
      message: { ko: '쿠폰이 저장되었습니다.', en: 'The coupon was saved.' },
    },
    problems: ['COUPON_TOTAL_TOO_LOW'],
    async handle({ params: { code }, body }, { db, settings, coupons }) {
      const { opensAt, closesAt, minimumAmount, ...rest } = body;
      const coupon: Coupon = {
        code,
        ...rest,
        opensAt: opensAt ? new Date(opensAt) : null,
        closesAt: closesAt ? new Date(closesAt) : null,
        minimumMinor: minimumAmount ?? 0,
      };
      if (!(await putCoupon(db, coupon)))
        throw new ProblemError('COUPON_TOTAL_TOO_LOW', { taken: (await couponCounts(db, code)).taken });
      await coupons.gate.open(code);
      return { data: await couponView(db, coupon, settings.CURRENCY) };
    },
  }),

  route('GET /api/ops/coupons/{code}', {
    id: 'getCoupon',
    summary: 'A coupon with its counts (operators)',
    access: 'viewer',
    ...ofCoupon,
    response: { status: 200, data: couponSchema, message: { ko: '쿠폰 조회 성공', en: 'The coupon' } },
    problems: ['COUPON_NOT_FOUND'],
    async handle({ params }, { db, settings }) {
      const coupon = await findCoupon(db, params.code);
      if (!coupon) throw new ProblemError('COUPON_NOT_FOUND');
      return { data: await couponView(db, coupon, settings.CURRENCY) };
    },
  }),
] as const;

/** Refusals that say something of the coupon, and so of everybody who requests it next. */
const OF_THE_COUPON: ReadonlySet<CouponRefusal> = new Set(['COUPON_SOLD_OUT', 'COUPON_NOT_OPEN', 'COUPON_CLOSED']);

/** The rank, or a problem. */
function rankOf({ coupons, metrics, logger }: ApiContext, code: string, admission: Admission): number {
  metrics.couponResponses.inc({ outcome: 'rank' in admission ? 'ACCEPTED' : admission.refusal, by: 'database' });
  if ('rank' in admission) return admission.rank;
  if (OF_THE_COUPON.has(admission.refusal))
    coupons.gate.shut(code).catch((error: unknown) => logger.warn({ err: error }, 'the gate stays open'));
  throw new ProblemError(admission.refusal);
}

/** The rank of one who is admitted together with the others that wait, unless the gate refuses the request. */
async function rankAmongOthers(context: ApiContext, code: string, applicant: Applicant): Promise<number> {
  const { coupons, metrics } = context;
  const refusal = await coupons.gate.refusalOf(code, applicant.userId, applicant.requestId);
  if (!refusal) return rankOf(context, code, await coupons.admission.request(code, applicant));
  metrics.couponResponses.inc({ outcome: refusal, by: 'gate' });
  throw new ProblemError(refusal);
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
