import { lockOrder } from '../../db/orders';
import { type OpenFinding, openFindings } from '../../db/reconciliation';
import { type Counts, type ReconciliationRun, updateRun } from '../../db/reconciliation-runs';
import { addToTimeline } from '../../db/timeline';
import type { Finding, Fix } from '../../domain/finding';
import { offeredFix } from '../../domain/finding';
import type { ExaminedParts } from './examine-orders';
import { closeFinding } from './items';
import { reexamine } from './reexamine';
import type { Progress } from './run';

const ITEMS_AT_ONCE = 50;
/** What is kept of those that were not applied: it travels with each heartbeat. */
const MOST_REFUSALS = 200;

/** Who has it fixed, and why. */
export interface FixOrder {
  readonly actor: string;
  readonly reason: string;
  /** Makes what is written for it unique. */
  readonly runId: string;
}

/** Why a fix was not applied; nothing was changed. */
export class FixRefused extends Error {
  override readonly name = 'FixRefused';
  constructor(readonly code: string) {
    super(code);
  }
}

/** What carries a fix out; it checks under the order's lock that there is still something to do. Throws FixRefused. */
export type Fixers = Readonly<Record<Fix, (finding: Finding, order: FixOrder) => Promise<void>>>;

export interface FixCursor {
  readonly after: number;
  readonly fixed: Counts;
  readonly refused: Readonly<Record<string, string>>;
}

/** Applies the fix of everything that is open, has one and is still so, one after the other. */
export async function fixFindings(
  parts: ExaminedParts,
  fixers: Fixers,
  run: ReconciliationRun,
  progress: Progress<FixCursor>,
): Promise<void> {
  let cursor: FixCursor = progress.from ?? { after: 0, fixed: {}, refused: {} };
  for (;;) {
    const page = await openFindings(parts.db, { after: cursor.after, limit: ITEMS_AT_ONCE });
    for (const item of page) {
      const order: FixOrder = { actor: run.actor, reason: run.reason ?? '', runId: run.id };
      const outcome = item.offeredFix === null ? undefined : await fixOne(parts, fixers, item, order);
      const { fixed, refused } = cursor;
      cursor = {
        after: item.id,
        fixed: outcome === 'FIXED' ? { ...fixed, [item.cause]: (fixed[item.cause] ?? 0) + 1 } : fixed,
        refused:
          outcome === undefined ||
          outcome === 'FIXED' ||
          outcome === 'GONE' ||
          Object.keys(refused).length >= MOST_REFUSALS
            ? refused
            : { ...refused, [item.subject]: outcome },
      };
      progress.report(cursor);
    }
    if (page.length < ITEMS_AT_ONCE) break;
  }
  await updateRun(parts.db, run.id, { fixed: cursor.fixed, refused: cursor.refused });
}

/** FIXED; GONE: there was nothing left to do; else why not. */
export async function fixOne(
  parts: ExaminedParts,
  fixers: Fixers,
  item: OpenFinding,
  order: FixOrder,
): Promise<string> {
  const finding = await reexamine(parts, item);
  if (finding === undefined) {
    await closeFinding(parts.db, item.subject, { state: 'HEALED' });
    return 'GONE';
  }
  if (finding === 'UNKNOWN') return 'NOT_REEXAMINED';
  const fix = offeredFix(finding);
  if (!fix) return 'NO_FIX';
  try {
    await record(parts, finding, fix, order);
    await fixers[fix](finding, order);
  } catch (error) {
    const code = refusalOf(error);
    if (code === undefined) throw error;
    return code;
  }
  // A record that was sent again may be on its way to its workflow still; one that is lost again is found again.
  if (fix !== 'RESEND_RECORD' && (await reexamine(parts, item)) !== undefined) return 'STILL_THERE';
  const { actor, reason, runId } = order;
  const decision = { decision: fix, decisionId: `reconciliation:${runId}`, actor, reason };
  await closeFinding(parts.db, item.subject, { state: 'RESOLVED', ...decision });
  return 'FIXED';
}

/** A refusal of ours, or a failure of a saga's activity by its code. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof FixRefused) return error.code;
  const { type } = (error ?? {}) as { readonly type?: unknown };
  return typeof type === 'string' ? type : undefined;
}

/** In the order's timeline, before anything is done: once a run. */
async function record({ db }: ExaminedParts, finding: Finding, fix: Fix, order: FixOrder): Promise<void> {
  const { orderId, code, subject } = finding;
  if (orderId === undefined) return;
  const { actor, reason, runId } = order;
  await db.transaction(async (trx) => {
    await lockOrder(trx, orderId);
    const data = { code: 'RECONCILED', finding: code, subject, fix, actor, reason };
    const dedupeKey = `reconciled:${runId}:${code}/${subject}`;
    await addToTimeline(trx, [{ orderId, type: 'notice', data, dedupeKey }]);
  });
}
