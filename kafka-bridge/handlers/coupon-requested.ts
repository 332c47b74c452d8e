import { DEAD_LETTER_HEADERS, replayIn } from '../../contracts/dead-letters';
import type { Db } from '../../db/connection';
import { failWaitingRequest } from '../../db/coupon-requests';
import { findCoupon } from '../../db/coupons';
import type { IncomingRecord } from '../client/kafka-port';
import { classify } from '../consumers/classification';
import { PoisonRecord } from '../consumers/poison';
import { type Handler, outcomeOf } from './handler';

/** An admitted request for a coupon: its workflow starts. The event only names the request, which is in Postgres. */
export const couponRequested: Handler<'coupon.issue'> = async (event, { db, workflows, couponRequests }, record) => {
  const { requestId, code, userId, rank } = event;
  const request = (await couponRequests.add(requestId)) ?? (await unknownRequest(db, requestId, code));
  if (request.code !== code || request.userId !== userId || request.rank !== rank)
    throw new PoisonRecord('NOT_THE_REQUEST', `request ${requestId} is for another coupon, user or rank`);

  const replayCount = replaysOf(record);
  const mayBegin = request.status === 'REQUESTED' || (request.status === 'FAILED' && replayCount > request.replays);
  if (!mayBegin) return 'duplicate';
  const { topic, partition, offset, timestamp } = record;
  const replay = replayIn(record.headers);
  const position = { topic, partition, offset, timestamp };
  const input = { requestId, replayCount, record: position, ...(replay ? { replay } : {}) };
  const how = { summary: `coupon ${code}, rank ${rank}`, hasFailed: request.status === 'FAILED' };
  const start = workflows.startCoupon(input, how).catch(async (error: unknown) => {
    // Nothing works on a dead letter: its slot goes to the next request.
    if (classify(error).kind === 'poison') await failWaitingRequest(db, requestId, 'REFUSED_BY_TEMPORAL');
    throw error;
  });
  return outcomeOf(await start);
};

async function unknownRequest(db: Db, requestId: string, code: string): Promise<never> {
  if (await findCoupon(db, code))
    throw new PoisonRecord('UNKNOWN_COUPON_REQUEST', `no request ${requestId} for coupon ${code}`);
  throw new PoisonRecord('UNKNOWN_COUPON', `there is no coupon ${code}`);
}

/** How often the record was sent back from the dead letters. */
function replaysOf({ headers }: IncomingRecord): number {
  const text = headers[DEAD_LETTER_HEADERS.replayCount]?.at(-1)?.toString() ?? '';
  return /^\d{1,6}$/.test(text) ? Number(text) : 0;
}
