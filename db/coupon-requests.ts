import { randomUUID } from 'node:crypto';
import { TOPICS } from '../contracts/topics';
import type { CouponRefusal, CouponRequestStatus } from '../domain/coupon';
import type { Db, DbOrTrx, Trx } from './connection';
import { callFunction } from './functions';

/** A user who requests a coupon. */
export interface Applicant {
  readonly requestId: string;
  readonly userId: string;
  readonly userEmail: string;
  /** The trace of the asking, for its event; see `traceHeaders`. */
  readonly headers: Readonly<Record<string, string>>;
}

export type Admission = { readonly rank: number } | { readonly refusal: CouponRefusal };

/**
 * Lets in all who ask, in their order, as far as the coupon goes: each with the next rank and its `coupon.issue`, in one
 * transaction. A request that was admitted before gets its rank again. No user and no requestId may be
 * among them twice.
 */
export async function admitCouponRequests(
  db: DbOrTrx,
  code: string,
  applicants: readonly Applicant[],
): Promise<Map<string, Admission>> {
  const asked = applicants.map((applicant, place) => ({
    place,
    request_id: applicant.requestId,
    user_id: applicant.userId,
    user_email: applicant.userEmail,
    event_id: randomUUID(),
    headers: applicant.headers,
  }));
  const { rows } = await db.raw<{ rows: { request_id: string; outcome: string; rank: number | null }[] }>(
    'select request_id, outcome, rank from admit_coupon_requests(?, ?, ?)',
    [code, JSON.stringify(asked), TOPICS.couponIssue],
  );
  return new Map(
    rows.map(({ request_id: requestId, outcome, rank }) => [
      requestId,
      outcome === 'ACCEPTED' && rank !== null ? { rank } : { refusal: outcome as CouponRefusal },
    ]),
  );
}

const TRIES = 3;
/** SQLSTATE: somebody else took a requestId meanwhile, for another coupon. */
const TAKEN_MEANWHILE = '23505';

/** Admits again where a requestId was taken meanwhile: by now it is known whose it is. */
export async function againWhereTaken<Result>(admit: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await admit();
    } catch (error) {
      if (tries === TRIES || (error as { code?: string }).code !== TAKEN_MEANWHILE) throw error;
    }
  }
}

export interface CouponRequest {
  readonly requestId: string;
  readonly code: string;
  readonly userId: string;
  readonly rank: number;
  readonly status: CouponRequestStatus;
  readonly reason: string | null;
  /** The event as it was published. */
  readonly event: string;
  /** The highest replay of its event that has been taken up. */
  readonly replays: number;
  readonly issuedAt: Date | null;
}

const COLUMNS = {
  requestId: 'request_id',
  code: 'code',
  userId: 'user_id',
  rank: 'rank',
  status: 'status',
  reason: 'reason',
  event: 'event',
  replays: 'replays',
  issuedAt: 'issued_at',
} as const;

export async function findCouponRequest(db: DbOrTrx, requestId: string): Promise<CouponRequest | undefined> {
  return (await db('coupon_requests').select(COLUMNS).where({ request_id: requestId }).first()) as
    | CouponRequest
    | undefined;
}

/** In the order of the ids; undefined: there is no such request. */
export async function findCouponRequests(
  db: DbOrTrx,
  requestIds: readonly string[],
): Promise<(CouponRequest | undefined)[]> {
  const rows = (await db('coupon_requests')
    .select(COLUMNS)
    .whereRaw('request_id = any(?)', [requestIds as string[]])) as CouponRequest[];
  const byId = new Map(rows.map((row) => [row.requestId, row]));
  return requestIds.map((requestId) => byId.get(requestId));
}

/** Locks the request's row until the transaction ends; undefined: there is no such request. */
export async function lockCouponRequest(trx: Trx, requestId: string): Promise<CouponRequest | undefined> {
  const request = trx('coupon_requests').select(COLUMNS).where({ request_id: requestId }).forNoKeyUpdate().first();
  return (await request) as CouponRequest | undefined;
}

export type IssuedRequest = Pick<CouponRequest, 'code' | 'userId' | 'rank' | 'status' | 'reason' | 'issuedAt'>;

export interface CouponIssue {
  readonly requestId: string;
  readonly at: Date;
  /** The trace of the issuing, for its event; see `traceHeaders`. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Issues the coupons of requests that wait for them, with `coupon.issued` and their notifications (with %s for the
 * coupon's name), each once, in one transaction; returns the requests as they are then, in order. Refused by the database
 * (SQLSTATE 23514) rather than one more than there are.
 */
export async function issueRequestedCoupons(
  db: DbOrTrx,
  issues: readonly CouponIssue[],
  notification: string,
): Promise<(IssuedRequest | undefined)[]> {
  const requests = issues.map((issue) => ({ ...issue, eventId: randomUUID() }));
  const found = await callFunction<
    (Omit<IssuedRequest, 'issuedAt'> & { requestId: string; issuedAt: string | null })[]
  >(db, 'issue_coupons', { requests, topic: TOPICS.couponIssued, notification });
  const byId = new Map(
    found.map(({ requestId, issuedAt, ...request }) => [
      requestId,
      { ...request, issuedAt: issuedAt === null ? null : new Date(issuedAt) },
    ]),
  );
  return issues.map(({ requestId }) => byId.get(requestId));
}

/** Ends a locked request that waits: FAILED, and its slot is free. */
export async function failRequest(trx: Trx, request: CouponRequest, reason: string): Promise<void> {
  await trx('coupon_requests').where({ request_id: request.requestId }).update({ status: 'FAILED', reason });
  await moveTaken(trx, request.code, -1);
}

/** The same of a request whose event nobody will process; one in another state stays. */
export async function failWaitingRequest(db: Db, requestId: string, reason: string): Promise<void> {
  await db.transaction(async (trx) => {
    const request = await lockCouponRequest(trx, requestId);
    if (request?.status === 'REQUESTED') await failRequest(trx, request, reason);
  });
}

/** Records that the replay was given up, so that it is not taken up later. */
export async function noteReplay(trx: Trx, request: CouponRequest, replay: number): Promise<void> {
  await trx('coupon_requests').where({ request_id: request.requestId }).update({ replays: replay });
}

/** Takes up a replay of a locked request that FAILED: it waits again, if there is a slot; returns why not. */
export async function reopenRequest(
  trx: Trx,
  request: CouponRequest,
  replay: number,
): Promise<CouponRefusal | undefined> {
  const coupon = (await trx('coupons').where({ code: request.code }).forNoKeyUpdate().first('taken', 'total')) as {
    taken: number;
    total: number;
  };
  const other: unknown = await trx('coupon_requests')
    .where({ code: request.code, user_id: request.userId })
    .whereNot({ status: 'FAILED' })
    .first('request_id');
  const refusal = other ? 'COUPON_ALREADY_REQUESTED' : coupon.taken >= coupon.total ? 'COUPON_SOLD_OUT' : undefined;
  await trx('coupon_requests')
    .where({ request_id: request.requestId })
    .update({ replays: replay, ...(refusal ? { reason: refusal } : { status: 'REQUESTED', reason: null }) });
  if (!refusal) await moveTaken(trx, request.code, 1);
  return refusal;
}

async function moveTaken(trx: Trx, code: string, by: 1 | -1): Promise<void> {
  await trx('coupons')
    .where({ code })
    .update({
      taken: trx.raw('taken + ?', [by]),
      version: trx.raw('version + 1'),
      updated_at: trx.fn.now(),
    });
}
