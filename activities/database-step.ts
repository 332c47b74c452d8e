import type { Db, Trx } from '../db/connection';
import type { Order } from '../db/orders';
import { advanceStep, insertStep, type StepId } from '../db/saga-steps';
import { requireUndoable, type UndoCall } from './attempt-fence';
import { isDone, recordStep, refusal } from './step-outcome';
import { withOrder } from './with-order';

/**
 * Does a step in our own database, once: its effect, its record and its timeline entry in one transaction. `make` returns
 * the code of a refusal, which is final.
 */
export async function doDatabaseStep(
  db: Db,
  id: StepId,
  make: (trx: Trx, order: Order) => Promise<string | undefined>,
): Promise<void> {
  const code = await withOrder(db, id.orderId, async (trx, order) => {
    const { record, isNew } = await insertStep(trx, id, 'DONE');
    if (!isNew && isDone(record)) return undefined;
    const refused = await make(trx, order);
    if (refused !== undefined)
      await advanceStep(trx, id, ['DONE'], { state: 'FAILED', code: refused, refusedCode: refused });
    await recordStep(trx, id, refused === undefined ? 'DONE' : 'FAILED', refused);
    return refused;
  });
  if (code !== undefined) throw refusal(id, code);
}

/** Undoes a step in our own database, once; where it never began, a tombstone under its key stops a late do. */
export async function undoDatabaseStep(
  db: Db,
  id: StepId,
  call: UndoCall,
  undo: (trx: Trx, order: Order) => Promise<void>,
): Promise<void> {
  await withOrder(db, id.orderId, async (trx, order) => {
    const { record, isNew } = await insertStep(trx, id, 'UNDONE');
    if (isNew || record.state === 'UNDONE' || record.state === 'SKIPPED') return;
    await requireUndoable(trx, order, call);
    if (!(await advanceStep(trx, id, ['DONE', 'UNDO_FAILED'], { state: 'UNDONE' }))) return;
    await undo(trx, order);
    await recordStep(trx, id, 'UNDONE');
  });
}
