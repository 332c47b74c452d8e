import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { WORKFLOWS } from '../contracts/workflow-api';
import type { Db } from '../db/connection';
import { closeOperatorItems, listOperatorItems, openOperatorItem } from '../db/operator-items';
import { findOrder, type Order } from '../db/orders';
import type { Logger } from '../observability/logger';

const LOOK_EVERY_MS = 10_000;
/** A workflow is found some time after it has closed, and by more than one look: that lists it once. */
const OVERLAP_MS = 120_000;
const NAME = 'failed workflows';
const ENDED_BADLY = { FAILED: 'FAILED', TERMINATED: 'TERMINATED', TIMED_OUT: 'TIMED_OUT' } as const;
const MOST_HEALED_AT_ONCE = 200;

/**
 * Lists workflows that failed, timed out or were terminated, which run no undo: nobody else would see them. It looks from
 * where the last look of any process ended, so that none is missed, however long Temporal or this process was away.
 */
export function watchFailedWorkflows({
  db,
  temporal,
  logger,
}: {
  readonly db: Db;
  readonly temporal: Client;
  readonly logger: Logger;
}): {
  stop(): Promise<void>;
} {
  let running: Promise<void> | undefined;
  let isStopped = false;
  const look = async () => {
    try {
      await listFailed(db, temporal, () => isStopped);
      await closeHealed(db, temporal, () => isStopped);
    } catch (error) {
      if (!isStopped) logger.warn({ err: error }, 'failed workflows could not be looked for: trying again');
    }
  };
  const timer = setInterval(() => {
    running ??= look().finally(() => {
      running = undefined;
    });
  }, LOOK_EVERY_MS);
  return {
    async stop() {
      isStopped = true;
      clearInterval(timer);
      await running;
    },
  };
}

async function listFailed(db: Db, temporal: Client, isStopped: () => boolean): Promise<void> {
  const startedAt = new Date();
  const last = (await db('last_looks').where({ name: NAME }).first('looked_until')) as
    | { looked_until: Date }
    | undefined;
  const since = new Date(Math.max(0, (last?.looked_until.getTime() ?? 0) - OVERLAP_MS));
  const types = Object.values(WORKFLOWS).map((name) => `'${name}'`);
  const query = `WorkflowType IN (${types.join(', ')}) AND ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut') AND CloseTime >= '${since.toISOString()}'`;
  for await (const { workflowId, status, type } of temporal.workflow.list({ query })) {
    if (isStopped()) return;
    const cause = ENDED_BADLY[status.name as keyof typeof ENDED_BADLY];
    const order = await orderOf(db, workflowId);
    if (!cause || (await isSeenTo(db, temporal, { workflowId, type, order }))) continue;
    await openOperatorItem(db, { kind: 'FAILED_WORKFLOW', subject: workflowId, cause, workflowId, orderId: order?.id });
  }
  await db('last_looks')
    .insert({ name: NAME, looked_until: startedAt })
    .onConflict('name')
    .merge({ looked_until: db.raw('greatest(last_looks.looked_until, excluded.looked_until)') });
}

/** Items whose workflow runs again, or whose order is settled all the same. */
async function closeHealed(db: Db, temporal: Client, isStopped: () => boolean): Promise<void> {
  const open = await listOperatorItems(db, { kind: 'FAILED_WORKFLOW', state: 'OPEN' }, { limit: MOST_HEALED_AT_ONCE });
  for (const { kind, subject } of open) {
    if (isStopped()) return;
    if (await isSeenTo(db, temporal, { workflowId: subject, order: await orderOf(db, subject) }))
      await closeOperatorItems(db, { kind, subject }, { state: 'HEALED' });
  }
}

interface EndedWorkflow {
  readonly workflowId: string;
  readonly type?: string;
  /** Undefined: it is no order's, or there is no such order. */
  readonly order: Order | undefined;
}

/** Whether nobody needs to look: it runs again or has ended well, its order is settled, or its failure is recorded elsewhere. */
async function isSeenTo(db: Db, temporal: Client, { workflowId, type, order }: EndedWorkflow): Promise<boolean> {
  // A coupon's request that fails has its dead letter, which is listed by itself.
  if (type === WORKFLOWS.couponSaga || workflowId.startsWith('coupon-')) {
    const requestId = workflowId.slice('coupon-'.length);
    const request = (await db('coupon_requests').where({ request_id: requestId }).first('status')) as
      | { status: string }
      | undefined;
    if (request && request.status !== 'REQUESTED') return true;
  }
  if (order?.sagaState === 'SETTLED') return true;
  try {
    const { status } = await temporal.workflow.getHandle(workflowId).describe();
    return ['RUNNING', 'COMPLETED', 'CANCELLED', 'CONTINUED_AS_NEW'].includes(status.name);
  } catch (error) {
    // Temporal has forgotten it: what is left of it is in the database.
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function orderOf(db: Db, workflowId: string): Promise<Order | undefined> {
  const digits = /^(?:order|refund)-(\d{1,15})$/.exec(workflowId)?.[1];
  return digits === undefined ? undefined : findOrder(db, Number(digits));
}
