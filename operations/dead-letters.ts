import { isDeepStrictEqual } from 'node:util';
import { DEAD_LETTER_HEADERS as H } from '../contracts/dead-letters';
import { NO_CARD } from '../contracts/external-text';
import { subjectOf } from '../contracts/record-subject';
import { findTopic, groupOf } from '../contracts/topics';
import { isWithheld, recordHoldsCardNumber } from '../contracts/withheld-record';
import { awaitReplay, type Blocker, isBlocked, releaseWaiting } from '../db/blocked-keys';
import type { Db, Trx } from '../db/connection';
import {
  type DeadLetterDecision,
  findDeadLetterDecision,
  insertDeadLetterDecision,
  lockDeadLetter,
} from '../db/dead-letter-decisions';
import type { DeadLetterPosition } from '../db/dead-letter-index';
import { findDeadLetter, type ListedDeadLetter, type StoredDeadLetter } from '../db/dead-letters';
import { findOrder } from '../db/orders';
import { addToOutbox, recordRow } from '../db/outbox';
import { OperationRefused } from './refusal';

/** Who decides, and why; the same decisionId twice is one decision. */
export interface Decider {
  readonly decisionId: string;
  readonly actor: string;
  readonly reason: string;
  readonly bulkId?: string | undefined;
}

export interface ReplayCommand extends Decider {
  /** Sent instead of the dead letter's value. */
  readonly editedValue?: Buffer | undefined;
  /** Send it although schema or count of replays speak against it. */
  readonly isOverride?: boolean;
}

export interface ReplayPolicy {
  readonly maxReplays: number;
}

/** What a decision comes to; `isDry`: nothing of it was done. */
export interface Decided {
  readonly deadLetter: StoredDeadLetter;
  readonly record?: ReplayedRecord;
  /** False: the same decision had been taken before. */
  readonly isNew: boolean;
}

/** The record that a replay sends. */
export interface ReplayedRecord {
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly replayCount: number;
}

/** Sends a dead letter's record back to its topic, once; throws OperationRefused. */
export function replayDeadLetter(
  db: Db,
  position: DeadLetterPosition,
  command: ReplayCommand,
  policy: ReplayPolicy,
  isDry = false,
): Promise<Decided> {
  return decideOnce(db, position, 'REPLAY', command, policy, async (trx, deadLetter) => {
    const record = replayedRecord(deadLetter, command.editedValue);
    await refuseReplay(trx, deadLetter, record, command, policy);
    if (!isDry) await sendBack(trx, deadLetter, record, command);
    return { deadLetter, record, isNew: true };
  });
}

/** Puts a dead letter aside for good; throws OperationRefused. */
export function discardDeadLetter(
  db: Db,
  position: DeadLetterPosition,
  command: Decider,
  policy: ReplayPolicy,
  isDry = false,
): Promise<Decided> {
  return decideOnce(db, position, 'DISCARD', command, policy, async (trx, deadLetter) => {
    if (!isDry) {
      await writeDown(trx, deadLetter, 'DISCARD', command);
      await releaseWaiting(trx, blockerOf(deadLetter));
    }
    return { deadLetter, isNew: true };
  });
}

/** Decides about a dead letter that nobody has decided about, one at a time; the same decision again changes nothing. */
function decideOnce(
  db: Db,
  position: DeadLetterPosition,
  action: DeadLetterDecision['action'],
  { decisionId, editedValue }: ReplayCommand,
  policy: ReplayPolicy,
  decide: (trx: Trx, deadLetter: StoredDeadLetter) => Promise<Decided>,
): Promise<Decided> {
  return db.transaction(async (trx) => {
    await lockDeadLetter(trx, position);
    const deadLetter = await findDeadLetter(trx, position, policy.maxReplays);
    const before = await findDeadLetterDecision(trx, decisionId);
    if (before) {
      const isSame = before.action === action && isDeepStrictEqual(before.editedValue, editedValue ?? null);
      if (deadLetter?.decision?.decisionId === decisionId && isSame) return { deadLetter, isNew: false };
      throw new OperationRefused('DECISION_ID_REUSED', { usedFor: positionText(before) });
    }
    if (!deadLetter) throw new OperationRefused('DEAD_LETTER_NOT_FOUND');
    if (deadLetter.decision) throw decided(deadLetter.decision);
    return decide(trx, deadLetter);
  });
}

async function sendBack(
  trx: Trx,
  deadLetter: StoredDeadLetter,
  record: ReplayedRecord,
  command: ReplayCommand,
): Promise<void> {
  await writeDown(trx, deadLetter, 'REPLAY', command);
  const isAwaited = await awaitReplay(trx, blockerOf(deadLetter), command.decisionId);
  const { [H.releaseToken]: _before, ...headers } = deadLetter.headers;
  const row = recordRow(
    { ...record, headers },
    {
      [H.replayCount]: String(record.replayCount),
      [H.replayOf]: positionText(deadLetter),
      [H.decisionId]: command.decisionId,
      ...(isAwaited ? { [H.releaseToken]: command.decisionId } : {}),
    },
  );
  // A topic of others may not be there: the row must not hold up our own events of that key.
  await addToOutbox(trx, [findTopic(record.topic) ? row : { ...row, key: positionText(deadLetter) }]);
}

async function writeDown(
  trx: Trx,
  deadLetter: StoredDeadLetter,
  action: DeadLetterDecision['action'],
  command: ReplayCommand,
): Promise<void> {
  const { topic, partition, offset, deadAt } = deadLetter;
  const isFirst = await insertDeadLetterDecision(trx, {
    topic,
    partition,
    offset,
    deadAt,
    action,
    decisionId: command.decisionId,
    actor: command.actor,
    reason: command.reason,
    editedValue: command.editedValue ?? null,
    isOverride: command.isOverride ?? false,
    bulkId: command.bulkId ?? null,
  });
  // Used for another dead letter since we looked.
  if (!isFirst) throw new OperationRefused('DECISION_ID_REUSED');
}

function decided({ action, actor, at, decisionId }: DeadLetterDecision): OperationRefused {
  return new OperationRefused('DEAD_LETTER_DECIDED', { action, actor, at: at.toISOString(), decisionId });
}

/** The key of an edited value is the one that the value asks for; what others mean by a key, nobody knows here. */
function replayedRecord(deadLetter: StoredDeadLetter, editedValue: Buffer | undefined): ReplayedRecord {
  const { originTopic: topic } = deadLetter;
  const value = editedValue ?? deadLetter.value;
  if (value === null || isWithheld(value)) throw new OperationRefused('VALUE_MISSING');
  const { orderId, requestId } = subjectOf(topic, editedValue && findTopic(topic) ? editedValue : null);
  const ownKey = requestId ?? orderId?.toString();
  const key = ownKey === undefined ? deadLetter.key : Buffer.from(ownKey);
  return { topic, key, value, replayCount: deadLetter.replayCount + 1 };
}

async function refuseReplay(
  trx: Trx,
  deadLetter: StoredDeadLetter,
  record: ReplayedRecord,
  command: ReplayCommand,
  policy: ReplayPolicy,
): Promise<void> {
  const { orderId } = subjectOf(record.topic, record.value);
  const order = groupOf(record.topic) !== undefined && orderId !== null ? await findOrder(trx, orderId) : undefined;
  if (order?.status === 'CANCELLED')
    throw new OperationRefused('ORDER_CANCELLED', { orderId, reason: order.statusReason });
  // Two dead letters sent to each other's key would wait for each other.
  if (
    record.key &&
    !(deadLetter.key?.equals(record.key) ?? false) &&
    (await isBlocked(trx, record.topic, record.key, blockerOf(deadLetter)))
  )
    throw new OperationRefused('KEY_BLOCKED', { topic: record.topic, key: record.key.toString() });
  if (command.editedValue && recordHoldsCardNumber({ ...record, headers: {} }))
    throw new OperationRefused('VALUE_INVALID', { errors: [{ path: '', message: NO_CARD }] });
  if (command.isOverride) return;
  if (!findTopic(record.topic)) throw new OperationRefused('TOPIC_NOT_OURS', { topic: record.topic });
  if (deadLetter.replayCount >= policy.maxReplays)
    throw new OperationRefused('REPLAYS_EXHAUSTED', {
      replayCount: deadLetter.replayCount,
      maxReplays: policy.maxReplays,
    });
  if (command.editedValue) refuseInvalid(record.topic, command.editedValue);
}

/** What is edited must be an event of its topic; what is not, its reader judges. */
function refuseInvalid(topic: string, value: Buffer): void {
  let event: unknown;
  try {
    event = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value));
  } catch {
    throw new OperationRefused('VALUE_INVALID', { errors: [{ path: '', message: 'is not JSON in UTF-8' }] });
  }
  const result = findTopic(topic)?.schema.safeParse(event);
  if (!result || result.success) return;
  throw new OperationRefused('VALUE_INVALID', {
    errors: result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
  });
}

/** What others may wait behind. */
function blockerOf({
  originTopic,
  originPartition,
  originOffset,
  consumerGroup,
  releaseToken,
}: ListedDeadLetter): Blocker {
  const position = { topic: originTopic, partition: originPartition, offset: originOffset };
  return { ...position, group: consumerGroup, releaseToken: releaseToken ?? undefined };
}

/** A dead letter's id for people. */
export function positionText({ topic, partition, offset }: DeadLetterPosition): string {
  return `${topic}/${partition}/${offset}`;
}
