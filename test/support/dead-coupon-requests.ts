import { deadLetterTopic, TOPICS } from '../../contracts/topics';
import { admitCouponRequests } from '../../db/coupon-requests';
import type { Broker } from './broker';
import { deadLetterRecord } from './dead-letter-operator';
import type { Shop } from './shop';
import { until } from './until';

const BATCH = 250;
const INDEXED_WITHIN_MS = 120_000;

/** Requests for a coupon that wait, their events dead and indexed; returns the coupon's code, their dead letters' message. */
export async function deadCouponRequests(shop: Shop, broker: Broker, count: number): Promise<string> {
  const code = await shop.coupon(count);
  for (let from = 0; from < count; from += BATCH) {
    const applicants = Array.from({ length: Math.min(BATCH, count - from) }, (_, index) => ({
      requestId: `${code}-${from + index}`,
      userId: `user-${from + index}`,
      userEmail: 'kim@example.com',
      headers: {},
    }));
    const keys = applicants.map(({ requestId }) => requestId);
    await shop.db.transaction(async (trx) => {
      await admitCouponRequests(trx, code, applicants);
      await trx('outbox').whereIn('key', keys).delete();
    });
  }
  const events = (await shop.db('coupon_requests').where({ code }).orderBy('rank').select('request_id', 'event')) as {
    request_id: string;
    event: string;
  }[];
  const timestamp = String(Date.now());
  // Where no record is: these were never on their topic.
  const firstOffset = 1_000_000_000 + (Date.now() % 1_000_000_000);
  const deadLetters = events.map(({ request_id: key, event }, index) => {
    const position = { topic: TOPICS.couponIssue, partition: 0, offset: String(firstOffset + index), timestamp };
    const record = { ...position, key: Buffer.from(key), value: Buffer.from(event), headers: {} };
    return deadLetterRecord(record, { code: 'REFUSED_BY_DATABASE', message: code });
  });
  await broker.write(deadLetterTopic(TOPICS.couponIssue), ...deadLetters);
  await until(
    'all dead letters to be indexed',
    async () => Number((await shop.db('dead_letters').where({ message: code }).count({ n: '*' }).first())?.n),
    (indexed) => indexed === count,
    INDEXED_WITHIN_MS,
  );
  return code;
}
