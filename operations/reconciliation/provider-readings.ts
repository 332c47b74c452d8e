import { setTimeout as sleep } from 'node:timers/promises';
import type { ListedParcel, ListedPayment, ListedStorage } from '../../contracts/provider-api';
import type { Db } from '../../db/connection';
import {
  coverageOf,
  databaseTime,
  extendCoverage,
  LISTED_PROVIDERS,
  type ListedProvider,
  type ProviderRecord,
  saveProviderRecords,
} from '../../db/provider-records';
import type { CarrierProvider } from '../../providers/carrier';
import { CredentialsRefused, ProviderUnavailable } from '../../providers/errors';
import type { PaymentProvider } from '../../providers/payment';
import type { WarehouseProvider } from '../../providers/warehouse';

/** The ports that reconciliation asks. */
export interface ComparedProviders {
  readonly payment: Pick<PaymentProvider, 'list' | 'find'>;
  readonly carrier: Pick<CarrierProvider, 'list' | 'lookup'>;
  readonly warehouse: Pick<WarehouseProvider, 'list' | 'lookup'>;
}

export interface ReconciledSystem {
  readonly db: Db;
  readonly providers: ComparedProviders;
}

/** How the reading of one provider's list has ended; with `unavailable`, what is known of it stays as it was. */
export interface ProviderReading {
  readonly provider: ListedProvider;
  /** Records of the pages that were read. */
  readonly records: number;
  /** The code of why the list could not be read to its end. */
  readonly unavailable?: string;
}

/** A provider's clock and ours may differ by so much. */
const OVERLAP_MS = 5 * 60_000;
const EVER = new Date(0);

/**
 * Brings the mirror of what the providers have up to date, page by page: with what has changed since their last reading or, where
 * that is earlier, since then. Two at once do no harm. A provider that is unavailable keeps no other from being read.
 */
export async function readProviders(
  { db, providers }: ReconciledSystem,
  since: Date | undefined,
  onPage: (reading: ProviderReading) => void | Promise<void> = () => undefined,
): Promise<ProviderReading[]> {
  const readings: ProviderReading[] = [];
  for (const provider of LISTED_PROVIDERS) {
    let records = 0;
    try {
      // By the clock that dates our ledgers; taken first, so that what changes while pages are read is in the next reading.
      const until = await databaseTime(db);
      const known = await coverageOf(db, provider);
      const from = new Date(Math.min(known?.until.getTime() ?? 0, since?.getTime() ?? Number.POSITIVE_INFINITY));
      const listFrom = new Date(Math.max(EVER.getTime(), from.getTime() - OVERLAP_MS));
      for await (const page of pagesOf(db, LISTS[provider](providers), listFrom)) {
        records += page;
        await onPage({ provider, records });
      }
      await extendCoverage(db, provider, { from, until });
      readings.push({ provider, records });
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      readings.push({ provider, records, unavailable: error.code });
    }
  }
  return readings;
}

export function isUnavailable(error: unknown): error is ProviderUnavailable | CredentialsRefused {
  return error instanceof ProviderUnavailable || error instanceof CredentialsRefused;
}

type RecordPages = (
  since: Date,
  cursor: string | undefined,
) => Promise<{ records: ProviderRecord[]; next: string | undefined }>;

/** Saves each page; yields how many records it has. */
async function* pagesOf(db: Db, list: RecordPages, since: Date): AsyncGenerator<number> {
  const isRepeated = repetitionGuard();
  let cursor: string | undefined;
  do {
    const seenAt = await databaseTime(db);
    const from = cursor;
    const { records, next } = await patiently(() => list(since, from));
    await saveProviderRecords(db, records, seenAt);
    if (next !== undefined && isRepeated(next)) throw new ProviderUnavailable(`the list comes back to ${next}`);
    cursor = next;
    yield records.length;
  } while (cursor !== undefined);
}

const TRIES = 3;
const RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;

/** A list of many pages is not given up for one response that failed. */
async function patiently<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ProviderUnavailable) || tried === TRIES) throw error;
      await sleep(Math.min(error.retryAfterMs ?? RETRY_MS, LONGEST_RETRY_MS));
    }
  }
}

/** Whether a sequence of cursors has come to one of before: it is remembered at every power of two. */
function repetitionGuard(): (cursor: string) => boolean {
  let remembered: string | undefined;
  let [taken, rememberAt] = [0, 1];
  return (cursor) => {
    if (cursor === remembered) return true;
    taken += 1;
    if (taken === rememberAt) {
      remembered = cursor;
      rememberAt *= 2;
    }
    return false;
  };
}

const LISTS: Readonly<Record<ListedProvider, (providers: ComparedProviders) => RecordPages>> = {
  payment: ({ payment }) => mapped(payment.list, paymentRecord),
  carrier: ({ carrier }) => mapped(carrier.list, (parcel) => goodsRecord('carrier', parcel)),
  warehouse: ({ warehouse }) => mapped(warehouse.list, (storage) => goodsRecord('warehouse', storage)),
};

function mapped<Listed>(
  list: (since: Date, cursor?: string) => Promise<{ records: readonly Listed[]; next: string | undefined }>,
  recordOf: (listed: Listed) => ProviderRecord,
): RecordPages {
  return async (since, cursor) => {
    const { records, next } = await list(since, cursor);
    return { records: records.map(recordOf), next };
  };
}

const paymentRecord = (payment: ListedPayment): ProviderRecord => ({ provider: 'payment', ...payment });

const goodsRecord = (
  provider: 'carrier' | 'warehouse',
  { ref, key, orderId, status, changedAt }: ListedParcel | ListedStorage,
): ProviderRecord => ({
  ...{ provider, ref, key, orderId, status, changedAt },
  ...{ capturedMinor: 0, refundedMinor: 0, currency: null },
});
