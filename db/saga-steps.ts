import type { OrderStep } from '../contracts/workflow/attempt-steps';
import type { DbOrTrx, Trx } from './connection';

export type RecordedStepState = 'UNKNOWN' | 'DONE' | 'FAILED' | 'UNDOING' | 'UNDONE' | 'UNDO_FAILED' | 'SKIPPED';

export interface StepRecord {
  readonly key: string;
  readonly orderId: number;
  readonly step: OrderStep;
  readonly attempt: number;
  readonly state: RecordedStepState;
  readonly providerRef: string | null;
  readonly code: string | null;
  /** By which the provider refused its do; kept when the step is undone. */
  readonly refusedCode: string | null;
  readonly updatedAt: Date;
}

export interface StepId {
  readonly orderId: number;
  readonly step: OrderStep;
  readonly attempt: number;
}

/** The business key of one step: the same key twice is one effect, here and at every provider. */
export const keyOfStep = ({ orderId, step, attempt }: StepId): string => `${orderId}:${step}:${attempt}`;

const COLUMNS = {
  key: 'key',
  orderId: 'order_id',
  step: 'step',
  attempt: 'attempt',
  state: 'state',
  providerRef: 'provider_ref',
  code: 'code',
  refusedCode: 'refused_code',
  updatedAt: 'updated_at',
} as const;

/** States in which a step is in effect, or may be. */
export const LIVE_STATES: readonly RecordedStepState[] = ['UNKNOWN', 'DONE', 'UNDOING', 'UNDO_FAILED'];

export function isLive({ state }: StepRecord): boolean {
  return LIVE_STATES.includes(state);
}

/** The record of a step that has begun or was undone. */
export async function findStep(db: DbOrTrx, id: StepId): Promise<StepRecord> {
  const record = (await db('saga_steps')
    .select(COLUMNS)
    .where({ key: keyOfStep(id) })
    .first()) as StepRecord | undefined;
  if (!record) throw new Error(`step ${keyOfStep(id)} vanished`);
  return record;
}

/** The step's record, locked; undefined: the step never began and was never undone. */
export async function lockStep(trx: Trx, id: StepId): Promise<StepRecord | undefined> {
  return (await trx('saga_steps')
    .select(COLUMNS)
    .where({ key: keyOfStep(id) })
    .forUpdate()
    .first()) as StepRecord | undefined;
}

/**
 * Writes the step's first record unless there is one; returns the record that is there. An undo writes its tombstone this
 * way, where a do writes its intent: whichever comes first, the other meets it.
 */
export async function insertStep(
  db: DbOrTrx,
  id: StepId,
  state: RecordedStepState,
): Promise<{ record: StepRecord; isNew: boolean }> {
  const inserted = (await db('saga_steps')
    .insert({ key: keyOfStep(id), order_id: id.orderId, step: id.step, attempt: id.attempt, state })
    .onConflict('key')
    .ignore()
    .returning(Object.entries(COLUMNS).map(([as, column]) => `${column} as ${as}`))) as StepRecord[];
  if (inserted[0]) return { record: inserted[0], isNew: true };
  return { record: await findStep(db, id), isNew: false };
}

/** Moves a step's record on, but only from one of `from`; false: it is in another state by now. */
export async function advanceStep(
  db: DbOrTrx,
  id: StepId,
  from: readonly RecordedStepState[],
  change: { state: RecordedStepState; providerRef?: string; code?: string | null; refusedCode?: string },
): Promise<boolean> {
  const count = await db('saga_steps')
    .where({ key: keyOfStep(id) })
    .whereIn('state', from as RecordedStepState[])
    .update({
      state: change.state,
      updated_at: db.raw('clock_timestamp()'),
      ...(change.providerRef === undefined ? {} : { provider_ref: change.providerRef }),
      ...(change.code === undefined ? {} : { code: change.code }),
      ...(change.refusedCode === undefined ? {} : { refused_code: change.refusedCode }),
    });
  return count > 0;
}

/** Every step of the order that was ever begun or undone, in the order of attempts. */
export async function stepsOfOrder(db: DbOrTrx, orderId: number): Promise<StepRecord[]> {
  return (await db('saga_steps')
    .select(COLUMNS)
    .where({ order_id: orderId })
    .orderBy(['attempt', 'updated_at'])) as StepRecord[];
}
