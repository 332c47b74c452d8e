import type { OperatorItemKind } from '../domain/operator-item';
import type { DbOrTrx, Trx } from './connection';
import { healed, type OperatorItemCause, openOperatorItem } from './operator-items';

/**
 * Opens what is on a workflow's list as of a time of the workflow, and closes what is not on it any more. A list that
 * comes after a later one is dropped.
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
 * Closes what a saga has left open where it is over: its order is settled, or refunded where it is a refund's. Looks at one
 * page of what is open, after an item; returns after which to go on.
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
