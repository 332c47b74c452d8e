import type { OperatorItemKind } from '../domain/operator-item';
import type { DbOrTrx, Trx } from './connection';
import { healed, type OperatorItemCause, openOperatorItem } from './operator-items';

/**
 * Opens the items of a workflow's list as of a time of the workflow, and closes those that are no longer on it. A list
 * that comes after a later one is dropped.
 */
export async function replaceItems(
  trx: Trx,
  list: {
    readonly kinds: readonly OperatorItemKind[];
    readonly workflowId: string;
    readonly asOfMs: number;
    readonly items: readonly Omit<OperatorItemCause, 'workflowId'>[];
  },
): Promise<void> {
  const { workflowId, asOfMs, items } = list;
  const ofWorkflow = () => trx('operator_items').where({ workflow_id: workflowId });
  await trx.raw('select pg_advisory_xact_lock(hashtext(?))', [`items of ${workflowId}`]);
  const later: unknown = await ofWorkflow().where('as_of_ms', '>', asOfMs).first('id');
  if (later) return;
  for (const item of items) await openOperatorItem(trx, { ...item, workflowId });
  const open = () =>
    ofWorkflow()
      .where({ state: 'OPEN' })
      .whereIn('kind', list.kinds as OperatorItemKind[]);
  await open().update({ as_of_ms: asOfMs });
  await open()
    .whereNotIn(
      'subject',
      items.map(({ subject }) => subject),
    )
    .update(healed(trx));
}

/**
 * Closes what a saga has left open when it is over: its order is settled, or refunded if the saga is a refund. Works on one
 * page of open items, after an item; returns the item after which to go on.
 */
export async function closeItemsOfSettled(
  db: DbOrTrx,
  kinds: readonly OperatorItemKind[],
  { limit, after = 0 }: { readonly limit: number; readonly after?: number | undefined },
): Promise<number | undefined> {
  const page = (await db('operator_items')
    .where({ state: 'OPEN' })
    .whereIn('kind', kinds as OperatorItemKind[])
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .select('id', 'order_id', 'workflow_id')) as { id: number; order_id: number | null; workflow_id: string | null }[];
  const orders = (await db('orders')
    .whereIn('id', [...new Set(page.flatMap((item) => item.order_id ?? []))])
    .select('id', 'status', 'saga_state')) as { id: number; status: string; saga_state: string }[];
  const over = page.filter((item) => {
    const order = orders.find(({ id }) => id === item.order_id);
    return item.workflow_id?.startsWith('refund-') ? order?.status === 'REFUNDED' : order?.saga_state === 'SETTLED';
  });
  await db('operator_items')
    .where({ state: 'OPEN' })
    .whereIn(
      'id',
      over.map(({ id }) => id),
    )
    .update(healed(db));
  return page.length < limit ? undefined : page.at(-1)?.id;
}

/** The workflow of the order in which this step waits for a person; undefined: none does. */
export async function workflowParkedAt(db: DbOrTrx, orderId: number, step: string): Promise<string | undefined> {
  const row = (await db('operator_items')
    .where({ order_id: orderId, step, state: 'OPEN' })
    .whereIn('kind', ['PARKED_SAGA', 'PERMANENT_ERROR'])
    .whereNotNull('workflow_id')
    .orderBy('id', 'desc')
    .first({ workflowId: 'workflow_id' })) as { workflowId: string } | undefined;
  return row?.workflowId;
}
