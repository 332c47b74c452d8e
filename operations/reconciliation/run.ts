import { entryAfter, foundBy, openFindings, orderIdsAfter, ordersOfEntries } from '../../db/reconciliation';
import { type Counts, findRun, type ReconciliationRun, updateRun } from '../../db/reconciliation-runs';
import { type Finding, offeredFix } from '../../domain/finding';
import { type ExaminedParts, examineOrders } from './examine-orders';
import { closeFinding, itemSubject, listFindings } from './items';
import { findProviderDifferences } from './provider-findings';
import { readProviders } from './provider-readings';
import { reexamine } from './reexamine';
import { shopDifferences } from './shop-rules';

/** One page of orders is all that is in memory. */
const ORDERS_AT_ONCE = 500;
const ENTRIES_AT_ONCE = 5_000;
const ITEMS_AT_ONCE = 100;
const MOST_SHOWN = 200;

/** How far an examination has come, for whoever goes on with it. */
export interface ExaminationCursor {
  /** The last order of a full run, or the last entry of the timeline of an incremental one. */
  readonly after: number;
  readonly orders: number;
  /** Of a run that lists nothing. */
  readonly found: Counts;
}

export interface Progress<Cursor> {
  /** Of the try before. */
  readonly from: Cursor | undefined;
  /** Throws when the run is to end. */
  report(cursor: Cursor): void;
}

/** Examines what the run is about, page by page, and lists what it finds, unless it is only to look. */
export async function examineShop(
  parts: ExaminedParts,
  run: ReconciliationRun,
  progress: Progress<ExaminationCursor>,
): Promise<void> {
  let cursor = progress.from ?? { after: run.scope === 'FULL' ? 0 : run.timelineFrom, orders: 0, found: {} };
  const record = async (findings: readonly Finding[]) => {
    if (!run.isDryRun) return listFindings(parts.db, run.id, findings);
    if (findings.length === 0) return;
    await preview(parts, run, findings);
    cursor = { ...cursor, found: counted(cursor.found, findings) };
  };
  for await (const { orderIds, after } of pagesOf(parts, run, cursor.after)) {
    await record(await examineOrders(parts, orderIds));
    cursor = { ...cursor, after, orders: cursor.orders + orderIds.length };
    progress.report(cursor);
  }
  for await (const findings of shopDifferences(parts.db, parts)) {
    await record(findings);
    progress.report(cursor);
  }
  const reportAgain = () => progress.report(cursor);
  const readings = await readProviders(parts, run.since ?? undefined, reportAgain);
  const silent = readings.flatMap(({ provider, unavailable }) => (unavailable ? [provider] : []));
  const since = run.scope === 'FULL' ? undefined : await changedSince(parts, run);
  for await (const page of findProviderDifferences(parts, { since, silent, graceMs: parts.graceMs })) {
    await record(page.findings);
    reportAgain();
  }
  const unavailable = Object.fromEntries(
    readings.flatMap((reading) => (reading.unavailable ? [[reading.provider, reading.unavailable]] : [])),
  );
  const found = run.isDryRun ? cursor.found : await foundBy(parts.db, run.id);
  await updateRun(parts.db, run.id, { examined: { orders: cursor.orders }, found, unavailable });
}

/** From when an incremental run has to know what has changed. */
async function changedSince(
  { db }: ExaminedParts,
  { since, timelineFrom, startedAt }: ReconciliationRun,
): Promise<Date> {
  return since ?? (await entryAfter(db, timelineFrom))?.at ?? startedAt;
}

interface Page {
  readonly orderIds: readonly number[];
  readonly after: number;
}

async function* pagesOf({ db }: ExaminedParts, run: ReconciliationRun, start: number): AsyncGenerator<Page> {
  if (run.scope === 'FULL') {
    for (let after = start; ; ) {
      const orderIds = await orderIdsAfter(db, after, ORDERS_AT_ONCE);
      const last = orderIds.at(-1);
      if (last === undefined) return;
      after = last;
      yield { orderIds, after };
    }
  }
  for (let after = start; ; ) {
    const entries = await ordersOfEntries(db, { after, through: run.timelineThrough, limit: ENTRIES_AT_ONCE });
    if (!entries) return;
    for (let at = 0; at < entries.orderIds.length; at += ORDERS_AT_ONCE) {
      const orderIds = entries.orderIds.slice(at, at + ORDERS_AT_ONCE);
      const isLast = at + ORDERS_AT_ONCE >= entries.orderIds.length;
      yield { orderIds, after: isLast ? entries.last : after };
    }
    after = entries.last;
  }
}

function counted(counts: Counts, findings: readonly Finding[]): Counts {
  const sum: Record<string, number> = { ...counts };
  for (const { code } of findings) sum[code] = (sum[code] ?? 0) + 1;
  return sum;
}

/** Kept with the run, the first ones, each once. */
async function preview({ db }: ExaminedParts, run: ReconciliationRun, findings: readonly Finding[]): Promise<void> {
  const shown = new Map((await findRun(db, run.id))?.preview.map((one) => [one.subject, one]));
  for (const finding of findings) {
    const { code, orderId, step, amountAtRiskMinor = 0, evidence, since } = finding;
    const subject = itemSubject(finding);
    const of = { subject, cause: code, orderId: orderId ?? null, step: step ?? null, amountAtRiskMinor, evidence };
    const one = { ...of, offeredFix: offeredFix(finding) ?? null, since: since?.toISOString() ?? null };
    if (shown.size < MOST_SHOWN) shown.set(subject, one);
  }
  await updateRun(db, run.id, { preview: [...shown.values()] });
}

export interface HealCursor {
  readonly after: number;
  readonly healed: Counts;
}

/** Closes what the run has not found again and is gone; what is still there stays open. */
export async function healFindings(
  parts: ExaminedParts,
  run: ReconciliationRun,
  progress: Progress<HealCursor>,
): Promise<void> {
  let { after, healed } = progress.from ?? { after: 0, healed: {} as Counts };
  for (;;) {
    const page = await openFindings(parts.db, { after, limit: ITEMS_AT_ONCE, run: { id: run.id, hasSeen: false } });
    for (const item of page) {
      if ((await reexamine(parts, item)) === undefined) {
        await closeFinding(parts.db, item.subject, { state: 'HEALED' });
        healed = { ...healed, [item.cause]: (healed[item.cause] ?? 0) + 1 };
      }
      after = item.id;
      progress.report({ after, healed });
    }
    if (page.length < ITEMS_AT_ONCE) break;
  }
  await updateRun(parts.db, run.id, { healed });
}
