import { isDeepStrictEqual } from 'node:util';
import { DEAD_LETTER_HEADERS as H } from '../contracts/dead-letters';
import { NO_CARD } from '../contracts/external-text';
import { rule } from '../contracts/language';
import { subjectOf } from '../contracts/record-subject';
import { findTopic, groupOf } from '../contracts/topics';
import { isWithheld, recordHoldsCardNumber } from '../contracts/withheld-record';
import { awaitReplay, type Blocker, isBlocked, releaseWaiting } from '../db/blocked-keys';
import type { Db, Trx } from '../db/connection';
import {
  findDeadLetterDecision,
  insertDeadLetterDecision,
  lockDeadLetter,
  type DeadLetterDecision as StoredDecision,
} from '../db/dead-letter-decisions';
import type { DeadLetterPosition } from '../db/dead-letter-index';
import { findDeadLetter, type ListedDeadLetter, type StoredDeadLetter } from '../db/dead-letters';
import { findOrder } from '../db/orders';
import { addToOutbox, recordRow } from '../db/outbox';
import { type Decision, OperationRefused, takeDecision } from './decision';

/** A decision about a dead letter; `bulkId`: it is one of a replay of many. */
export interface DeadLetterCommand extends Decision {
  readonly bulkId?: string | undefined;
}

export interface ReplayCommand extends DeadLetterCommand {
  /** Sent instead of the dead letter's value. */
  readonly editedValue?: Buffer | undefined;
  /** Send it although its schema, its topic or its count of replays speaks against it. */
  readonly isOverride?: boolean;
}

export interface ReplayPolicy {
  readonly maxReplays: number;
}

export interface DeadLetterDecision {
  readonly deadLetter: StoredDeadLetter;
  /** What a new replay sends. */
  readonly record?: ReplayedRecord;
  /** False: the same decision was taken before. */
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
): Promise<DeadLetterDecision> {
  return decide(db, position, 'REPLAY', command, policy, (trx, deadLetter) => {
    const record = replayedRecord(deadLetter, command.editedValue);
    return {
      record,
      check: () => refuseReplay(trx, deadLetter, record, command, policy),
      act: () => sendBack(trx, deadLetter, record, command),
    };
  });
}

/** Puts a dead letter aside for good; throws OperationRefused. */
export function discardDeadLetter(
  db: Db,
  position: DeadLetterPosition,
  command: DeadLetterCommand,
  policy: ReplayPolicy,
): Promise<DeadLetterDecision> {
  return decide(db, position, 'DISCARD', command, policy, (trx, deadLetter) => ({
    async check() {},
    async act() {
      await recordDecision(trx, deadLetter, 'DISCARD', command);
      await releaseWaiting(trx, blockerOf(deadLetter));
    },
  }));
}

interface Plan {
  readonly record?: ReplayedRecord;
  check(): Promise<void>;
  act(): Promise<void>;
}

/** Decides about a dead letter that is undecided, one decision at a time. */
function decide(
  db: Db,
  position: DeadLetterPosition,
  action: StoredDecision['action'],
  command: ReplayCommand,
  policy: ReplayPolicy,
  planOf: (trx: Trx, deadLetter: StoredDeadLetter) => Plan,
): Promise<DeadLetterDecision> {
  const { decisionId, editedValue = null } = command;
  return db.transaction(async (trx) => {
    await lockDeadLetter(trx, position);
    const found = await findDeadLetter(trx, position, policy.maxReplays);
    let plan: Plan | undefined;
    const isNew = await takeDecision(command, {
      async earlier() {
        const before = await findDeadLetterDecision(trx, decisionId);
        if (!before) return undefined;
        const isSame = before.action === action && isDeepStrictEqual(before.editedValue, editedValue);
        return found?.decision?.decisionId === decisionId && isSame ? 'same' : { usedFor: positionText(before) };
      },
      async check() {
        if (!found) throw new OperationRefused('DEAD_LETTER_NOT_FOUND');
        if (found.decision) throw alreadyDecided(found.decision);
        plan = planOf(trx, found);
        await plan.check();
      },
      async act() {
        await plan?.act();
        return true;
      },
    });
    // It is there: else it would have been refused.
    return { deadLetter: found as StoredDeadLetter, isNew, ...(plan?.record ? { record: plan.record } : {}) };
  });
}

async function sendBack(
  trx: Trx,
  deadLetter: StoredDeadLetter,
  record: ReplayedRecord,
  command: ReplayCommand,
): Promise<void> {
  await recordDecision(trx, deadLetter, 'REPLAY', command);
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

async function recordDecision(
  trx: Trx,
  deadLetter: StoredDeadLetter,
  action: StoredDecision['action'],
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

function alreadyDecided({ action, actor, at, decisionId }: StoredDecision): OperationRefused {
  return new OperationRefused('DEAD_LETTER_DECIDED', { action, actor, at: at.toISOString(), decisionId });
}

/** The key of an edited value is made from the value on a topic of ours; how others make their keys is unknown. */
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
    throw new OperationRefused('VALUE_INVALID', { issues: [{ code: 'custom', path: [], message: NO_CARD }] });
  if (command.isOverride) return;
  if (!findTopic(record.topic)) throw new OperationRefused('TOPIC_NOT_OURS', { topic: record.topic });
  if (deadLetter.replayCount >= policy.maxReplays)
    throw new OperationRefused('REPLAYS_EXHAUSTED', {
      replayCount: deadLetter.replayCount,
      maxReplays: policy.maxReplays,
    });
  if (command.editedValue) refuseInvalid(record.topic, command.editedValue);
}

const NOT_JSON = rule('is not JSON in UTF-8', 'UTF-8로 된 JSON이 아닙니다');

/** An edited value must be an event of its topic. */
function refuseInvalid(topic: string, value: Buffer): void {
  let event: unknown;
  try {
    event = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value));
  } catch {
    throw new OperationRefused('VALUE_INVALID', { issues: [{ code: 'custom', path: [], message: NOT_JSON }] });
  }
  const error = findTopic(topic)?.schema.safeParse(event, { reportInput: true }).error;
  if (error) throw new OperationRefused('VALUE_INVALID', { issues: error.issues });
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
