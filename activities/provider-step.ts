import { Context } from '@temporalio/activity';
import { type BegunStep, beginStep, call, finishStep, type StepOutcome } from '../db/attempts';
import type { Db, Trx } from '../db/connection';
import { lockOrder } from '../db/orders';
import { advanceStep, findStep, insertStep, lockStep, type StepId, type StepRecord } from '../db/saga-steps';
import { KeyClosed, ProviderRefused } from '../providers/errors';
import { requireUndoable, type UndoCall } from './attempt-fence';
import { asFailure, failure, kindOf } from './failure';
import type { RequestStepCall } from './step-call';
import { isDone, recordStep, refusal, stepClosed } from './step-outcome';

/** A provider's effect under a step's key. */
export interface ProviderEffect<Result> {
  /** Makes the effect; the key is the step's, so that the provider makes it once. */
  make(step: BegunStep): Promise<Result>;
  /** What the provider already has of it; undefined: nothing yet, so that it may be made. */
  lookUp(step: BegunStep): Promise<Result | undefined>;
  /** What the step's record keeps of the result. */
  outcomeOf(result: Result, step: BegunStep): StepOutcome;
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
export async function doProviderStep(
  db: Db,
  request: RequestStepCall,
  step: BegunStep['step'],
  work: (step: BegunStep) => Promise<StepOutcome>,
): Promise<void> {
  const begun = await call(db, beginStep(request, step));
  if (isDone(begun)) return;
  try {
    const { refusedCode } = await call(db, finishStep(begun, await work(begun)));
    if (refusedCode !== undefined) throw refusal(begun, refusedCode);
  } catch (error) {
    if (error instanceof StepMovedOn && isDone(await findStep(db, begun))) return;
    throw await asNotedFailure(db, begun, error);
  }
}

/** Has the provider make the effect, unless it has it already. Throws what leaves the outcome open, or CLOSED. */
export async function workOf<Result>(effect: ProviderEffect<Result>, step: BegunStep): Promise<StepOutcome> {
  try {
    const result = (step.isNew ? undefined : await effect.lookUp(step)) ?? (await effect.make(step));
    return effect.outcomeOf(result, step);
  } catch (error) {
    if (error instanceof KeyClosed) throw stepClosed(step);
    if (error instanceof ProviderRefused) return { refusedCode: error.code };
    throw error;
  }
}

/** Keeps with an open step why it has no outcome yet, for those who look at the order. */
async function asNotedFailure(db: Db, id: StepId, error: unknown) {
  const noted = asFailure(error);
  const kind = kindOf(noted);
  // A step that is refused or closed has its outcome.
  if (kind === 'DECLINED' || kind === 'REFUSED' || kind === 'CLOSED') return noted;
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
  undoCall: UndoCall,
  undo: ProviderUndo<Result>,
): Promise<void> {
  const open = await db.transaction((trx) => closeToNewDo(trx, id, undoCall, undo));
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
  const { isNew } = await insertStep(trx, id, 'UNDONE');
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
