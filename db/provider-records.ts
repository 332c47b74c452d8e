import type { ProviderName } from '../contracts/provider-api';
import type { DbOrTrx } from './connection';

/** Those whose lists are compared with ours. */
export const LISTED_PROVIDERS = ['payment', 'carrier', 'warehouse'] as const satisfies readonly ProviderName[];
export type ListedProvider = (typeof LISTED_PROVIDERS)[number];

/** What a provider has under one ref; amounts of payments only. */
export interface ProviderRecord {
  readonly provider: ListedProvider;
  readonly ref: string;
  readonly key: string;
  readonly orderId: number;
  readonly status: string;
  readonly capturedMinor: number;
  readonly refundedMinor: number;
  readonly currency: string | null;
  /** By the provider's clock. */
  readonly changedAt: Date;
}

const COLUMNS = {
  provider: 'provider',
  ref: 'ref',
  key: 'key',
  orderId: 'order_id',
  status: 'status',
  capturedMinor: 'captured_minor',
  refundedMinor: 'refunded_minor',
  currency: 'currency',
  changedAt: 'changed_at',
} as const;

/** Saves a page of a list as of the database's time at which it was asked for; what was seen later stays. */
export async function saveProviderRecords(
  db: DbOrTrx,
  records: readonly ProviderRecord[],
  seenAt: Date,
): Promise<void> {
  if (records.length === 0) return;
  // A list may have a record twice; the one that comes later is not older.
  const byRef = new Map(records.map((record) => [`${record.provider}/${record.ref}`, record]));
  // In one order, so that two readings at once wait for each other at most.
  const sorted = [...byRef].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, record]) => record);
  const rows = sorted.map((record) => ({
    ...Object.fromEntries(
      Object.entries(COLUMNS).map(([name, column]) => [column, record[name as keyof ProviderRecord]]),
    ),
    seen_at: seenAt,
  }));
  await db('provider_records')
    .insert(rows)
    .onConflict(['provider', 'ref'])
    .merge()
    .whereRaw('excluded.seen_at >= provider_records.seen_at');
}

/** What the providers have of these orders, whether or not we know the order. */
export async function providerRecordsOf(db: DbOrTrx, orderIds: readonly number[]): Promise<ProviderRecord[]> {
  return (await db('provider_records')
    .select(COLUMNS)
    .whereIn('order_id', orderIds as number[])) as ProviderRecord[];
}

/** Where a walk over records goes on. */
export interface RecordPosition {
  /** As text: a Date is less exact than the column. */
  readonly changedAt: string;
  readonly provider: string;
  readonly ref: string;
}

/**
 * The orders that a page of the records names, those that changed first at first; `unknown`: only those that we do not have.
 * Next is undefined on the last page.
 */
export async function ordersOfRecords(
  db: DbOrTrx,
  page: {
    readonly since: Date;
    readonly after?: RecordPosition | undefined;
    readonly limit: number;
    readonly unknown: boolean;
  },
): Promise<{ orderIds: number[]; next: RecordPosition | undefined }> {
  const query = db('provider_records as r')
    .where('r.changed_at', '>=', page.since)
    .orderBy(['r.changed_at', 'r.provider', 'r.ref'])
    .limit(page.limit)
    .select({ orderId: 'r.order_id', provider: 'r.provider', ref: 'r.ref' })
    .select(db.raw('r.changed_at::text as "changedAt"'));
  if (page.after) {
    const { changedAt, provider, ref } = page.after;
    query.whereRaw('(r.changed_at, r.provider, r.ref) > (?::timestamptz, ?, ?)', [changedAt, provider, ref]);
  }
  const rows = (await query) as (RecordPosition & { orderId: number })[];
  const orderIds = [...new Set(rows.map(({ orderId }) => orderId))];
  const known = new Set(page.unknown ? await db('orders').whereIn('id', orderIds).pluck<number[]>('id') : []);
  return {
    orderIds: orderIds.filter((id) => !known.has(id)),
    next: rows.length < page.limit ? undefined : rows.at(-1),
  };
}

/** From when and until when a provider's changes are known without a gap, by the database's clock. */
export interface Coverage {
  readonly from: Date;
  readonly until: Date;
}

/** Undefined: its list has never been read to the end. */
export async function coverageOf(db: DbOrTrx, provider: ListedProvider): Promise<Coverage | undefined> {
  return (await db('provider_readings').where({ provider }).first({ from: 'covered_from', until: 'read_until' })) as
    | Coverage
    | undefined;
}

/** A list was read to its end: of what had changed since `from` when the reading began at `until`. */
export async function extendCoverage(db: DbOrTrx, provider: ListedProvider, { from, until }: Coverage): Promise<void> {
  await db('provider_readings')
    .insert({ provider, covered_from: from, read_until: until })
    .onConflict('provider')
    .merge({
      // What lies between two readings that do not meet is not known.
      covered_from: db.raw(`case when excluded.covered_from <= provider_readings.read_until
        then least(provider_readings.covered_from, excluded.covered_from) else excluded.covered_from end`),
      read_until: db.raw('greatest(provider_readings.read_until, excluded.read_until)'),
    });
}

/** The clock by which steps and ledgers are dated. */
export async function databaseTime(db: DbOrTrx): Promise<Date> {
  const { rows } = await db.raw<{ rows: { now: Date }[] }>('select clock_timestamp() as now');
  const [row] = rows;
  if (!row) throw new Error('the database has no time');
  return row.now;
}
