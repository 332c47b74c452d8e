import { DEAD_LETTER_HEADERS, replayIn } from '../../../contracts/dead-letters';
import { couponIssueEventSchema } from '../../../contracts/events';
import type { Db } from '../../../db/connection';
import { failWaitingRequest, findCouponRequest } from '../../../db/coupon-requests';
import { findCoupon } from '../../../db/coupons';
import type { IncomingRecord } from '../../client/kafka-port';
import { classify } from '../classification';
import { PoisonRecord, readEvent } from '../poison';
import { type Handler, outcomeOf } from './handler';

/** A request for a coupon that was let in: its workflow starts. The event only names it; Postgres let it in. */
export const couponRequested: Handler = async (record, dependencies) => {
  const { db } = dependencies;
  const event = readEvent(record.value, couponIssueEventSchema, dependencies.eventTimeZone);
  const { requestId, code, userId } = event;
  const request = (await findCouponRequest(db, requestId)) ?? (await unknownRequest(db, requestId, code));
  if (request.code !== code || request.userId !== userId || request.rank !== event.rank)
    throw new PoisonRecord('NOT_THE_REQUEST', `request ${requestId} is for another coupon, user or rank`);

  const replayCount = replaysOf(record);
  const mayBegin = request.status === 'REQUESTED' || (request.status === 'FAILED' && replayCount > request.replays);
  if (!mayBegin) return 'duplicate';
  const { topic, partition, offset, timestamp } = record;
  const replay = replayIn(record.headers);
  const position = { topic, partition, offset, timestamp };
  const input = { requestId, replayCount, record: position, ...(replay ? { replay } : {}) };
  const how = { summary: `coupon ${code}, rank ${request.rank}`, hasFailed: request.status === 'FAILED' };
  const start = dependencies.workflows.startCoupon(input, how).catch(async (error: unknown) => {
    // A dead letter is worked on by nobody: its place goes to the next.
    if (classify(error).kind === 'poison') await failWaitingRequest(db, requestId, 'REFUSED_BY_TEMPORAL');
    throw error;
  });
  return outcomeOf(await start);
};

async function unknownRequest(db: Db, requestId: string, code: string): Promise<never> {
  if (await findCoupon(db, code))
    throw new PoisonRecord('UNKNOWN_COUPON_REQUEST', `nobody asked for coupon ${code} with request ${requestId}`);
  throw new PoisonRecord('UNKNOWN_COUPON', `there is no coupon ${code}`);
}

/** How often the record was sent back from the dead letters. */
function replaysOf({ headers }: IncomingRecord): number {
  const text = headers[DEAD_LETTER_HEADERS.replayCount]?.at(-1)?.toString() ?? '';
  return /^\d{1,6}$/.test(text) ? Number(text) : 0;
}
