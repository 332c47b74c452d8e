import { setTimeout } from 'node:timers/promises';
import type { Db } from '../db/connection';
import {
  purgeBatch,
  RETENTION_RULES,
  type RetentionAges,
  type RetentionCursor,
  type RetentionRule,
} from '../db/retention';
import type { Logger } from '../observability/logger';
import type { RelayMetrics } from '../observability/relay-metrics';
import { every } from './every';

const PURGE_EVERY_MS = 60_000;
const ROWS_AT_ONCE = 500;
/** Between two statements, so that others get to the database. */
const PAUSE_MS = 50;
/** Of one rule, before the next one is worked on. */
const BATCHES_IN_A_ROW = 20;

interface RetentionOptions {
  readonly db: Db;
  readonly metrics: RelayMetrics;
  readonly logger: Logger;
  readonly ages: RetentionAges;
}

/** Purges what is older than its age, again and again, in small batches; any number of processes may do so side by side. */
export function startRetention(options: RetentionOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const purging = every(
    PURGE_EVERY_MS,
    () => purgeOldRows(options, stopping.signal),
    (error) => options.logger.warn({ err: error }, 'old rows could not be purged'),
  );
  return {
    async stop() {
      stopping.abort();
      await purging.stop();
    },
  };
}

/** Purges by every rule until nothing is left to purge. A rule that fails does not stop the others. */
export async function purgeOldRows(options: RetentionOptions, signal?: AbortSignal): Promise<void> {
  let open = RETENTION_RULES.map((rule) => ({ rule, after: undefined as RetentionCursor | undefined }));
  while (open.length > 0) {
    const left: typeof open = [];
    for (const { rule, after } of open) {
      const next = await purgeSome(options, rule, after, signal);
      if (next) left.push({ rule, after: next });
    }
    if (signal?.aborted) return;
    open = left;
  }
}

/** Returns where to go on. */
async function purgeSome(
  { db, metrics, logger, ages }: RetentionOptions,
  rule: RetentionRule,
  from: RetentionCursor | undefined,
  signal: AbortSignal | undefined,
): Promise<RetentionCursor | undefined> {
  let after = from;
  try {
    for (let batches = 0; batches < BATCHES_IN_A_ROW && !signal?.aborted; batches++) {
      const { purged, next } = await purgeBatch(db, rule, { keepMs: ages[rule.age], rows: ROWS_AT_ONCE, after });
      if (purged > 0) metrics.rowsPurged.inc({ table: rule.table }, purged);
      if (!next) return undefined;
      after = next;
      await setTimeout(PAUSE_MS, undefined, signal ? { signal } : {}).catch(() => undefined);
    }
    return after;
  } catch (error) {
    logger.warn({ err: error, rule: rule.name }, 'old rows could not be purged');
    return undefined;
  }
}
