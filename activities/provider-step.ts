import { Context } from '@temporalio/activity';
import type { Db, Trx } from '../db/connection';
import { lockOrder, type Order } from '../db/orders';
import { advanceStep, beginStep, findStep, lockStep, type StepId, type StepRecord } from '../db/saga-steps';
import { KeyClosed, ProviderRefused } from '../providers/errors';
import { requireUndoable, type UndoCall } from './attempt-fence';
import { asFailure, failure } from './failure';
import { isDone, recordStep, refusal, stepClosed } from './step-outcome';

/** A provider's effect under a step's key. */
export interface ProviderEffect<Result> {
  /** Makes the effect; the key is the step's, so that the provider makes it once. */
  make(record: StepRecord): Promise<Result>;
  /** What the provider already has of it; undefined: nothing yet, so that it may be made. */
  lookUp(record: StepRecord): Promise<Result | undefined>;
  /** What the record keeps of the result. */
  refOf(result: Result): string;
  /** Own rows of the same transaction as the outcome, and what must be true of it. */
  recordIn?(trx: Trx, result: Result, order: Order): Promise<void>;
}

/** The record left the state that a run of its do assumes: another run, or the undo, was faster. */
export class StepMovedOn extends Error {
  override readonly name = 'StepMovedOn';
}

/**
 * Calls a provider once and for certain: an intent row first, the outcome row after. An intent found without outcome
 * is looked up before anything is retried; a run that finds the outcome recorded returns it; a tombstone of the
 * undo ends it. Throws a final failure by the provider's code, and retryable ones while the outcome is open.
 */
export async function doProviderStep<Result>(db: Db, id: StepId, effect: ProviderEffect<Result>): Promise<void> {
  const { record, isNew } = await beginStep(db, id, 'UNKNOWN');
  if (isDone(record)) return;
  try {
    const result = (isNew ? undefined : await effect.lookUp(record)) ?? (await effect.make(record));
    await recordOutcome(db, id, result, effect);
  } catch (error) {
    if (error instanceof StepMovedOn && isDone(await findStep(db, id))) return;
    if (error instanceof KeyClosed) throw stepClosed(id);
    if (!(error instanceof ProviderRefused)) throw await asNotedFailure(db, id, error);
    if (await recordRefusal(db, id, error.code)) throw refusal(id, error.code);
    if (!isDone(await findStep(db, id))) throw stepClosed(id);
  }
}

async function recordOutcome<Result>(
  db: Db,
  id: StepId,
  result: Result,
  effect: ProviderEffect<Result>,
): Promise<void> {
  const providerRef = effect.refOf(result);
  await db.transaction(async (trx) => {
    const order = await lockOrder(trx, id.orderId);
    if (!order) throw failure('PERMANENT', 'ORDER_NOT_FOUND');
    if (!(await advanceStep(trx, id, ['UNKNOWN'], { state: 'DONE', providerRef, code: null }))) throw new StepMovedOn();
    await effect.recordIn?.(trx, result, order);
    await recordStep(trx, id, 'DONE');
  });
}

/** False: the record left UNKNOWN meanwhile. */
async function recordRefusal(db: Db, id: StepId, code: string): Promise<boolean> {
  return db.transaction(async (trx) => {
    await lockOrder(trx, id.orderId);
    if (!(await advanceStep(trx, id, ['UNKNOWN'], { state: 'FAILED', code, refusedCode: code }))) return false;
    await recordStep(trx, id, 'FAILED', code);
    return true;
  });
}

/** Keeps with an open step why it has no outcome yet, for those who look at the order. */
async function asNotedFailure(db: Db, id: StepId, error: unknown) {
  const noted = asFailure(error);
  try {
    await advanceStep(db, id, ['UNKNOWN'], { state: 'UNKNOWN', code: noted.type ?? null });
  } catch (problem) {
    Context.current().log.warn('why a step has no outcome yet could not be recorded', { error: problem });
  }
  return noted;
}

/** Takes an effect back. */
export interface ProviderUndo<Result> {
  /** Whether the provider can have anything at all under this record. */
  mayHaveHappened(record: StepRecord): boolean;
  /** The code by which the provider has refused for good, so that it is not asked again. */
  refusedBefore?: ((record: StepRecord) => string | undefined) | undefined;
  /** After it, the effect is not there and can't come to be, however late a do is. */
  takeBack(record: StepRecord): Promise<Result>;
  recordIn?(trx: Trx, result: Result): Promise<void>;
}

/**
 * Undoes a step whether it happened, failed, is under way or never began; where it never began, a tombstone under the
 * key stops a late do. Throws a final failure when the provider refuses, a retryable one while it can't be reached.
 */
export async function undoProviderStep<Result>(
  db: Db,
  id: StepId,
  call: UndoCall,
  undo: ProviderUndo<Result>,
): Promise<void> {
  const open = await db.transaction((trx) => closeToNewDo(trx, id, call, undo));
  if (!open) return;
  try {
    const result = await undo.takeBack(open);
    await db.transaction(async (trx) => {
      await lockOrder(trx, id.orderId);
      if (!(await advanceStep(trx, id, ['UNDOING', 'UNDO_FAILED'], { state: 'UNDONE', code: null }))) return;
      await undo.recordIn?.(trx, result);
      await recordStep(trx, id, 'UNDONE');
    });
  } catch (error) {
    const failed = error instanceof ProviderRefused ? failure('REFUSED', error.code) : asFailure(error);
    if (await recordUndoFailure(db, id, open, failed.type ?? 'UNEXPECTED')) throw failed;
  }
}

/** From here on no do can begin or end; returns the record if the provider is still to be asked. */
async function closeToNewDo<Result>(
  trx: Trx,
  id: StepId,
  call: UndoCall,
  undo: ProviderUndo<Result>,
): Promise<StepRecord | undefined> {
  const order = await lockOrder(trx, id.orderId);
  const { isNew } = await beginStep(trx, id, 'UNDONE');
  const record = await lockStep(trx, id);
  if (isNew || !record || record.state === 'UNDONE' || record.state === 'SKIPPED') return undefined;
  await requireUndoable(trx, order, call);
  const refusedBefore = undo.refusedBefore?.(record);
  if (refusedBefore !== undefined) throw failure('REFUSED', refusedBefore);
  const mayHaveHappened = undo.mayHaveHappened(record);
  await advanceStep(trx, id, [record.state], { state: mayHaveHappened ? 'UNDOING' : 'UNDONE' });
  return mayHaveHappened ? record : undefined;
}

/** False: another run has undone the step meanwhile, or a person has ended its undo. */
async function recordUndoFailure(db: Db, id: StepId, before: StepRecord, code: string): Promise<boolean> {
  return db.transaction(async (trx) => {
    await lockOrder(trx, id.orderId);
    const isKnown = before.state === 'UNDO_FAILED' && before.code === code;
    if ((await advanceStep(trx, id, ['UNDOING'], { state: 'UNDO_FAILED', code })) && !isKnown)
      await recordStep(trx, id, 'UNDO_FAILED', code);
    const { state } = await findStep(trx, id);
    return state !== 'UNDONE' && state !== 'SKIPPED';
  });
}
