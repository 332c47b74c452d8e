import { TOPICS } from '../../contracts/topics';
import type { Db } from '../../db/connection';

interface IssuedRow {
  readonly rank: number;
  readonly userId: string;
  readonly status: string;
  readonly requestedAt: Date;
  readonly issuedAt: Date;
}

/**
 * When the first was accepted and each coupon was issued, ms since 1970; throws unless `total` users have one each. Not by
 * `issued_at`, which is when the workflow began, but by the event that the issuing transaction writes.
 */
export async function issuedCoupons(
  db: Db,
  code: string,
  total: number,
): Promise<{ readonly firstAcceptedAt: number; readonly issuedAt: readonly number[] }> {
  const rows = (await db('coupon_requests as r')
    .leftJoin('outbox as o', (join) => join.on('o.key', 'r.request_id').onVal('o.topic', TOPICS.couponIssued))
    .where('r.code', code)
    .select({
      rank: 'r.rank',
      userId: 'r.user_id',
      status: 'r.status',
      requestedAt: 'r.requested_at',
      issuedAt: 'o.created_at',
    })) as IssuedRow[];
  const issued = rows.filter(({ status, rank }) => status === 'ISSUED' && 1 <= rank && rank <= total);
  const different = (of: (row: IssuedRow) => unknown) => new Set(issued.map(of)).size;
  if (rows.length !== total || different(({ rank }) => rank) !== total || different(({ userId }) => userId) !== total)
    throw new Error(`${issued.length} of ${rows.length} requests were issued, where there are ${total} coupons`);
  return {
    firstAcceptedAt: Math.min(...rows.map(({ requestedAt }) => requestedAt.getTime())),
    issuedAt: issued.map(({ issuedAt }) => issuedAt.getTime()),
  };
}
