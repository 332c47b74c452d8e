import type { CouponRefusal, Discount, DiscountType } from '../domain/coupon';
import type { Db, DbOrTrx } from './connection';

export interface Coupon {
  readonly code: string;
  readonly name: string;
  readonly total: number;
  readonly discount: Discount;
  readonly opensAt: Date | null;
  readonly closesAt: Date | null;
  readonly minimumMinor: number;
}

interface CouponRow {
  readonly code: string;
  readonly name: string;
  readonly total: number;
  readonly discount_type: DiscountType;
  readonly discount_value: number;
  readonly opens_at: Date | null;
  readonly closes_at: Date | null;
  readonly minimum_minor: number;
}

const couponOf = (row: CouponRow): Coupon => ({
  code: row.code,
  name: row.name,
  total: row.total,
  discount: { type: row.discount_type, value: row.discount_value },
  opensAt: row.opens_at,
  closesAt: row.closes_at,
  minimumMinor: row.minimum_minor,
});

export async function findCoupon(db: DbOrTrx, code: string): Promise<Coupon | undefined> {
  const row = (await db('coupons').where({ code }).first()) as CouponRow | undefined;
  return row && couponOf(row);
}

/** Creates or changes a coupon; false: more of it are taken than `total` says now, and nothing was changed. */
export async function putCoupon(db: DbOrTrx, coupon: Coupon): Promise<boolean> {
  const row = {
    name: coupon.name,
    total: coupon.total,
    discount_type: coupon.discount.type,
    discount_value: coupon.discount.value,
    opens_at: coupon.opensAt,
    closes_at: coupon.closesAt,
    minimum_minor: coupon.minimumMinor,
  };
  const written = (await db('coupons')
    .insert({ code: coupon.code, ...row })
    .onConflict('code')
    .merge({ ...row, version: db.raw('coupons.version + 1'), updated_at: db.fn.now() })
    .where('coupons.taken', '<=', coupon.total)
    .returning('code')) as unknown[];
  return written.length > 0;
}

/** How many of a coupon are in each state, all of one moment. */
export interface StoredCouponCounts {
  readonly accepted: number;
  readonly taken: number;
  readonly issued: number;
  readonly claimed: number;
  readonly redeemed: number;
}

export async function couponCounts(db: Db, code: string): Promise<StoredCouponCounts> {
  return (await db('coupons as c')
    .leftJoin('coupon_requests as r', (join) => join.on('r.code', 'c.code').onNotNull('r.order_id'))
    .where('c.code', code)
    .groupBy('c.code')
    .first(
      { accepted: 'c.last_rank', taken: 'c.taken', issued: 'c.issued' },
      db.raw('count(r.request_id) filter (where r.redeemed_at is null) as claimed'),
      db.raw('count(r.request_id) filter (where r.redeemed_at is not null) as redeemed'),
    )) as StoredCouponCounts;
}

/** Why a coupon takes nobody now. */
export interface ShutCoupon {
  readonly version: number;
  readonly refusal: CouponRefusal;
  /** Until it opens; null: nothing changes by itself. */
  readonly opensInMs: number | null;
}

/** Undefined: it takes somebody, or is unknown. */
async function shutCoupon(db: Db, code: string): Promise<ShutCoupon | undefined> {
  const row = (await db('coupons')
    .where({ code })
    .first(
      'version',
      db.raw('coupon_refusal(coupons, statement_timestamp()) as refusal'),
      db.raw(`case when statement_timestamp() < opens_at
        then extract(epoch from opens_at - statement_timestamp()) * 1000 end::float8 as "opensInMs"`),
    )) as (Omit<ShutCoupon, 'refusal'> & { refusal: CouponRefusal | null }) | undefined;
  return row?.refusal ? { ...row, refusal: row.refusal } : undefined;
}

/** Everybody who was let in, and the version of the coupon at which that is true. */
async function knownRequests(
  db: Db,
  code: string,
): Promise<{ version: number; requests: { requestId: string; userId: string; hasFailed: boolean }[] }> {
  const rows = (await db('coupons as c')
    .leftJoin('coupon_requests as r', 'r.code', 'c.code')
    .where('c.code', code)
    .select(
      'c.version',
      { requestId: 'r.request_id', userId: 'r.user_id' },
      db.raw(`r.status = 'FAILED' as "hasFailed"`),
    )) as {
    version: number;
    requestId: string | null;
    userId: string | null;
    hasFailed: boolean | null;
  }[];
  const requests = rows.flatMap(({ requestId, userId, hasFailed }) =>
    requestId && userId ? [{ requestId, userId, hasFailed: hasFailed === true }] : [],
  );
  return { version: rows[0]?.version ?? 0, requests };
}

/** What the gate repeats. */
export function couponTruth(db: Db) {
  return {
    shut: (code: string) => shutCoupon(db, code),
    known: (code: string) => knownRequests(db, code),
  };
}
