import { ApplicationFailure } from '@temporalio/activity';
import type { Db, Trx } from '../db/connection';
import { lockOrder } from '../db/orders';
import { advanceStep, beginStep, keyOfStep, lockStep, type StepId, type StepRecord } from '../db/saga-steps';
import { addToTimeline } from '../db/timeline';
import { ProviderRefused, ProviderUnavailable } from '../providers/errors';

/** A provider's effect under a step's key. */
export interface OutsideEffect<Result> {
  /** Makes the effect; the key is the step's, so that the provider makes it once. */
  make(record: StepRecord): Promise<Result>;
  /** What the provider already has of it; undefined: nothing yet, so that it may be made. */
  lookUp(record: StepRecord): Promise<Result | undefined>;
  /** What the record keeps of the result. */
  refOf(result: Result): string;
  /** Own rows of the same transaction as the outcome. */
  recordIn?(trx: Trx, result: Result): Promise<void>;
}

/**
 * Calls the outside once and for certain: an intent row first, the outcome row after. An intent found without outcome
 * is looked up before anything is tried again; a tombstone of the undo ends it. Throws final failures by the
 * provider's code, and retryable ones while the outcome is open.
 */
export async function doOutside<Result>(db: Db, id: StepId, effect: OutsideEffect<Result>): Promise<void> {
  const { record, isNew } = await beginStep(db, id, 'UNKNOWN');
  if (record.state === 'DONE') return;
  if (record.state === 'FAILED')
    throw ApplicationFailure.nonRetryable(record.message ?? 'refused', record.code ?? 'REFUSED');
  if (record.state !== 'UNKNOWN') throw stepClosed(id);
  try {
    const result = (isNew ? undefined : await effect.lookUp(record)) ?? (await effect.make(record));
    await recordOutcome(db, id, result, effect);
  } catch (error) {
    if (!(error instanceof ProviderRefused)) throw asRetryable(error);
    await recordRefusal(db, id, error);
    throw ApplicationFailure.nonRetryable(error.message, error.code);
  }
}

async function recordOutcome<Result>(db: Db, id: StepId, result: Result, effect: OutsideEffect<Result>): Promise<void> {
  const providerRef = effect.refOf(result);
  const recorded = await db.transaction(async (trx) => {
    await lockOrder(trx, id.orderId);
    if (!(await advanceStep(trx, id, ['UNKNOWN'], { state: 'DONE', providerRef }))) return false;
    await effect.recordIn?.(trx, result);
    await tellStep(trx, id, 'DONE');
    return true;
  });
  if (!recorded) throw stepClosed(id);
}

async function recordRefusal(db: Db, id: StepId, refusal: ProviderRefused): Promise<void> {
  await db.transaction(async (trx) => {
    await lockOrder(trx, id.orderId);
    const { code, message } = refusal;
    if (await advanceStep(trx, id, ['UNKNOWN'], { state: 'FAILED', code, message })) {
      await tellStep(trx, id, 'FAILED', code);
    }
  });
}

/** Takes an effect back. */
export interface OutsideUndo<Result> {
  /** Whether the provider can have anything at all under this record. */
  mayHaveHappened(record: StepRecord): boolean;
  /** After it, the effect is not there and can't come to be, however late a do is. */
  takeBack(record: StepRecord): Promise<Result>;
  recordIn?(trx: Trx, result: Result): Promise<void>;
}

/**
 * Undoes a step whether it happened, failed, is under way or never began; where it never began, a tombstone under the
 * key stops a late do. Throws a final failure when the provider refuses, a retryable one while it can't be reached.
 */
export async function undoOutside<Result>(db: Db, id: StepId, undo: OutsideUndo<Result>): Promise<void> {
  const open = await db.transaction((trx) => closeToNewDo(trx, id, undo));
  if (!open) return;
  try {
    const result = await undo.takeBack(open);
    await db.transaction(async (trx) => {
      await lockOrder(trx, id.orderId);
      if (!(await advanceStep(trx, id, ['UNDOING', 'UNDO_FAILED'], { state: 'UNDONE', code: null, message: null })))
        return;
      await undo.recordIn?.(trx, result);
      await tellStep(trx, id, 'UNDONE');
    });
  } catch (error) {
    const { code, message } = reasonOf(error);
    await db.transaction(async (trx) => {
      await lockOrder(trx, id.orderId);
      const isKnown = open.state === 'UNDO_FAILED' && open.code === code;
      if ((await advanceStep(trx, id, ['UNDOING'], { state: 'UNDO_FAILED', code, message })) && !isKnown)
        await tellStep(trx, id, 'UNDO_FAILED', code);
    });
    if (error instanceof ProviderRefused) throw ApplicationFailure.nonRetryable(message, code);
    throw asRetryable(error);
  }
}

/** From here on no do can begin or end; returns the record if the provider is still to be asked. */
async function closeToNewDo<Result>(trx: Trx, id: StepId, undo: OutsideUndo<Result>): Promise<StepRecord | undefined> {
  const { isNew } = await beginStep(trx, id, 'UNDONE');
  const record = await lockStep(trx, id);
  if (isNew || !record || record.state === 'UNDONE' || record.state === 'SKIPPED') return undefined;
  const mayHaveHappened = undo.mayHaveHappened(record);
  await advanceStep(trx, id, [record.state], { state: mayHaveHappened ? 'UNDOING' : 'UNDONE' });
  return mayHaveHappened ? record : undefined;
}

/** The step's line in the order's timeline. */
export async function tellStep(trx: Trx, id: StepId, state: string, code?: string): Promise<void> {
  await addToTimeline(trx, [
    {
      orderId: id.orderId,
      at: new Date(),
      type: 'step',
      data: { step: id.step, attempt: id.attempt, state, ...(code ? { code } : {}) },
    },
  ]);
}

export function stepClosed(id: StepId): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`${keyOfStep(id)} was undone before it was done`, 'STEP_CLOSED');
}

function reasonOf(error: unknown): { code: string; message: string } {
  if (error instanceof ProviderRefused) return { code: error.code, message: error.message };
  const code = error instanceof ProviderUnavailable ? 'PROVIDER_UNAVAILABLE' : 'OUTCOME_UNKNOWN';
  return { code, message: error instanceof Error ? error.message : String(error) };
}

function asRetryable(error: unknown): Error {
  if (error instanceof ApplicationFailure) return error;
  const { code, message } = reasonOf(error);
  return ApplicationFailure.create({ message, type: code, cause: error instanceof Error ? error : undefined });
}
