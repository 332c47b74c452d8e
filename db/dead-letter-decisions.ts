import type { Db, DbOrTrx, Trx } from './connection';
import type { DeadLetterHead, DeadLetterPosition } from './dead-letter-index';

export interface DeadLetterDecision {
  readonly decisionId: string;
  readonly action: 'REPLAY' | 'DISCARD';
  readonly actor: string;
  readonly reason: string;
  readonly isEdited: boolean;
  readonly isOverride: boolean;
  readonly bulkId: string | null;
  readonly at: Date;
  readonly outcome: ReplayOutcome | null;
  readonly workflowId: string | null;
}

/** How a replayed record ended. */
export type ReplayOutcome = 'processed' | 'duplicate' | 'dead';

interface TakenDecision extends DeadLetterPosition, Pick<DeadLetterDecision, 'action'> {
  /** Sent instead of the value; null: the value itself was sent. */
  readonly editedValue: Buffer | null;
}

/** Has others who would decide about this dead letter wait for the end of the transaction. */
export async function lockDeadLetter(trx: Trx, { topic, partition, offset }: DeadLetterPosition): Promise<void> {
  await trx('dead_letters').where({ topic, partition, record_offset: offset }).forUpdate().first('topic');
}

const positionColumns = (db: DbOrTrx) => ['topic', 'partition', db.raw('record_offset::text as "offset"')];

/** The dead letter that a replay became; undefined: it became none. */
export async function deadLetterOfReplay(db: DbOrTrx, decisionId: string): Promise<DeadLetterPosition | undefined> {
  return (await db('dead_letters')
    .where({ decision_id: decisionId })
    .first(...positionColumns(db))) as DeadLetterPosition | undefined;
}

/** What a decision was, and about which dead letter. */
export async function findDeadLetterDecision(db: DbOrTrx, decisionId: string): Promise<TakenDecision | undefined> {
  return (await db('dead_letter_decisions')
    .where({ decision_id: decisionId })
    .first('action', { editedValue: 'edited_value' }, ...positionColumns(db))) as TakenDecision | undefined;
}

/** Records a decision, one a dead letter and one a decisionId; false: there is one already. */
export async function insertDeadLetterDecision(
  trx: Trx,
  decision: TakenDecision &
    Pick<DeadLetterHead, 'deadAt'> &
    Omit<DeadLetterDecision, 'at' | 'isEdited' | 'outcome' | 'workflowId'>,
): Promise<boolean> {
  const rows = await trx('dead_letter_decisions')
    .insert({
      decision_id: decision.decisionId,
      topic: decision.topic,
      partition: decision.partition,
      record_offset: decision.offset,
      dead_at: decision.deadAt,
      action: decision.action,
      actor: decision.actor,
      reason: decision.reason,
      edited_value: decision.editedValue,
      is_override: decision.isOverride,
      bulk_id: decision.bulkId,
    })
    .onConflict()
    .ignore()
    .returning('decision_id');
  return rows.length > 0;
}

/** Records how a replayed record ended; the first time counts, as a redelivered one ends as a duplicate. */
export async function recordReplayOutcome(
  db: Db,
  decisionId: string,
  outcome: ReplayOutcome,
  workflowId: string | undefined,
): Promise<void> {
  await db('dead_letter_decisions')
    .where({ decision_id: decisionId })
    .whereNull('outcome')
    .update({ outcome, outcome_at: db.fn.now(), workflow_id: workflowId ?? null });
}

/** How many dead letters a bulk replay has sent back. */
export async function countBulkDecisions(db: Db, bulkId: string): Promise<number> {
  const row = (await db('dead_letter_decisions').where({ bulk_id: bulkId }).count({ count: '*' }).first()) as
    | { count: number }
    | undefined;
  return Number(row?.count ?? 0);
}
