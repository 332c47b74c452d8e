import type { Db } from '../../db/connection';
import { netChargedOfOrder } from '../../db/money';
import { closeOperatorItems, isRunListed, listOperatorItems, openOperatorItem } from '../../db/operator-items';
import { findOrder, type Order } from '../../db/orders';
import { closeItemsOfSettled } from '../../db/saga-items';
import { PARKED_KINDS } from '../../domain/operator-item';
import type { Logger } from '../../observability/logger';
import type { Workflows } from '../../temporal/workflows';
import { listStuck } from './stuck-workflows';

/** A workflow is found some time after it has closed, and by more than one check: its run is listed once. */
const OVERLAP_MS = 120_000;
const NAME = 'failed workflows';
const ENDED_BADLY = { FAILED: 'FAILED', TERMINATED: 'TERMINATED', TIMED_OUT: 'TIMED_OUT' } as const;
/** How many open items one check asks Temporal about; the next check goes on after them. */
const MOST_ASKED_AT_ONCE = 200;

interface Watch {
  readonly db: Db;
  readonly workflows: Workflows;
  readonly everyMs: number;
  readonly logger: Logger;
}

/**
 * Lists workflows that failed, timed out or were terminated, which run no undo, and those that can't go on. It checks from
 * where the last check of any process ended, so that none is missed while Temporal or this process is unavailable.
 */
export function watchFailedWorkflows(watch: Watch): { stop(): Promise<void> } {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  let askedThrough: number | undefined;
  let settledThrough: number | undefined;
  let stuckThrough: number | undefined;
  const check = async () => {
    try {
      await watch.workflows.withAbortSignal(stopping.signal, async () => {
        const page = { limit: MOST_ASKED_AT_ONCE, after: settledThrough };
        settledThrough = await closeItemsOfSettled(watch.db, PARKED_KINDS, page);
        await listFailed(watch, stopping.signal);
        askedThrough = await closeHealed(watch, askedThrough, stopping.signal);
        stuckThrough = await listStuck(watch, { limit: MOST_ASKED_AT_ONCE, after: stuckThrough }, stopping.signal);
      });
    } catch (error) {
      if (!stopping.signal.aborted)
        watch.logger.warn({ err: error }, 'failed workflows could not be looked for: trying again');
    }
  };
  const timer = setInterval(() => {
    running ??= check().finally(() => {
      running = undefined;
    });
  }, watch.everyMs);
  return {
    async stop() {
      stopping.abort();
      clearInterval(timer);
      await running;
    },
  };
}

async function listFailed({ db, workflows, logger }: Watch, stopping: AbortSignal): Promise<void> {
  const { startedAt, lookedUntil } = await lastCheck(db);
  const since = new Date(Math.max(0, lookedUntil.getTime() - OVERLAP_MS));
  for await (const { workflowId, runId, status } of workflows.endedBadlySince(since)) {
    if (stopping.aborted) return;
    const cause = ENDED_BADLY[status.name as keyof typeof ENDED_BADLY];
    const item = { kind: 'FAILED_WORKFLOW', subject: workflowId } as const;
    if (!cause || (await isRunListed(db, item, runId))) continue;
    const order = await orderOf(db, workflowId);
    if (await isHandled(db, workflows, { workflowId, runId, order })) continue;
    const amountAtRiskMinor = order ? await netChargedOfOrder(db, order.id) : 0;
    await openOperatorItem(db, { ...item, cause, workflowId, runId, orderId: order?.id, amountAtRiskMinor });
    logger.error({ workflowId, runId, cause }, 'a workflow ended badly: it is listed for operators');
  }
  await db('last_looks')
    .insert({ name: NAME, looked_until: startedAt })
    .onConflict('name')
    .merge({ looked_until: db.raw('greatest(last_looks.looked_until, excluded.looked_until)') });
}

/** Where the last check of any process ended and this one starts, both by the database's clock, as processes' clocks differ. */
async function lastCheck(db: Db): Promise<{ readonly startedAt: Date; readonly lookedUntil: Date }> {
  const { rows } = await db.raw<{ rows: [{ startedAt: Date; lookedUntil: Date | null }] }>(
    `select clock_timestamp() as "startedAt", (select looked_until from last_looks where name = ?) as "lookedUntil"`,
    [NAME],
  );
  const { startedAt, lookedUntil } = rows[0];
  return { startedAt, lookedUntil: lookedUntil ?? new Date(0) };
}

/** Items whose workflow runs again, or whose order is settled all the same. Returns after which item to go on. */
async function closeHealed(
  { db, workflows }: Watch,
  after: number | undefined,
  stopping: AbortSignal,
): Promise<number | undefined> {
  const page = { limit: MOST_ASKED_AT_ONCE, after };
  const open = await listOperatorItems(db, { kind: 'FAILED_WORKFLOW', state: 'OPEN' }, page);
  for (const { kind, subject } of open) {
    if (stopping.aborted) return after;
    if (await isHandled(db, workflows, { workflowId: subject, order: await orderOf(db, subject) }))
      await closeOperatorItems(db, { kind, subject }, { state: 'HEALED' });
  }
  return open.length < MOST_ASKED_AT_ONCE ? undefined : open.at(-1)?.id;
}

interface EndedWorkflow {
  readonly workflowId: string;
  /** Undefined: whichever ran last. */
  readonly runId?: string;
  /** Undefined: it is no order's, or there is no such order. */
  readonly order: Order | undefined;
}

/** Whether no operator is needed: it goes on or has ended well, its order is settled, or its failure is recorded elsewhere. */
async function isHandled(db: Db, workflows: Workflows, { workflowId, runId, order }: EndedWorkflow): Promise<boolean> {
  // A coupon's request that fails has its dead letter, which is listed by itself.
  if (workflowId.startsWith('coupon-')) {
    const requestId = workflowId.slice('coupon-'.length);
    const request = (await db('coupon_requests').where({ request_id: requestId }).first('status')) as
      | { status: string }
      | undefined;
    if (request && request.status !== 'REQUESTED') return true;
  }
  // An order that was settled before its refund began says nothing about the refund.
  if (workflowId.startsWith('refund-') ? order?.status === 'REFUNDED' : order?.sagaState === 'SETTLED') return true;
  const last = await workflows.describe(workflowId);
  // Temporal has forgotten it: only the database knows it.
  if (!last) return false;
  // A run that was followed by another: that one counts, and is listed by itself.
  if (runId !== undefined && last.runId !== runId) return true;
  return !last.isTaskFailing && ['RUNNING', 'COMPLETED', 'CANCELLED', 'CONTINUED_AS_NEW'].includes(last.status);
}

async function orderOf(db: Db, workflowId: string): Promise<Order | undefined> {
  const digits = /^(?:order|refund)-(\d{1,15})$/.exec(workflowId)?.[1];
  return digits === undefined ? undefined : findOrder(db, Number(digits));
}
