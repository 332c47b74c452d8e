import { isDeepStrictEqual } from 'node:util';
import { DEAD_LETTER_HEADERS as H } from '../contracts/dead-letters';
import { EVENT_SCHEMAS } from '../contracts/events';
import { NO_CARD } from '../contracts/external-text';
import { subjectOf } from '../contracts/record-subject';
import { CONSUMED, TOPICS } from '../contracts/topics';
import { isWithheld, recordHoldsCardNumber } from '../contracts/withheld-record';
import type { Db, Trx } from '../db/connection';
import {
  findLetter,
  findLetterDecision,
  insertLetterDecision,
  type Letter,
  type LetterDecision,
  type LetterPlace,
  type ListedLetter,
  lockLetter,
} from '../db/dead-letters';
import { giveTurn, goOnWithout, type Head, isBlocked } from '../db/key-lines';
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

export interface ReplayWish extends Decider {
  /** Sent instead of the letter's value. */
  readonly editedValue?: Buffer | undefined;
  /** Send it although schema or count of replays speak against it. */
  readonly isOverride?: boolean;
}

export interface ReplayPolicy {
  readonly maxReplays: number;
}

/** What a decision comes to; `isDry`: nothing of it was done. */
export interface Decided {
  readonly letter: Letter;
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

/** Sends a letter's record back to its topic, once; throws OperationRefused. */
export function replayLetter(
  db: Db,
  place: LetterPlace,
  wish: ReplayWish,
  policy: ReplayPolicy,
  isDry = false,
): Promise<Decided> {
  return decideOnce(db, place, 'REPLAY', wish, policy, async (trx, letter) => {
    const record = replayedRecord(letter, wish.editedValue);
    await refuseReplay(trx, letter, record, wish, policy);
    if (!isDry) await sendBack(trx, letter, record, wish);
    return { letter, record, isNew: true };
  });
}

/** Puts a letter aside for good; throws OperationRefused. */
export function discardLetter(
  db: Db,
  place: LetterPlace,
  wish: Decider,
  policy: ReplayPolicy,
  isDry = false,
): Promise<Decided> {
  return decideOnce(db, place, 'DISCARD', wish, policy, async (trx, letter) => {
    if (!isDry) {
      await writeDown(trx, letter, 'DISCARD', wish);
      await goOnWithout(trx, headOf(letter));
    }
    return { letter, isNew: true };
  });
}

/** Decides about a letter that nobody has decided about, one at a time; the same decision again changes nothing. */
function decideOnce(
  db: Db,
  place: LetterPlace,
  action: LetterDecision['action'],
  { decisionId, editedValue }: ReplayWish,
  policy: ReplayPolicy,
  decide: (trx: Trx, letter: Letter) => Promise<Decided>,
): Promise<Decided> {
  return db.transaction(async (trx) => {
    await lockLetter(trx, place);
    const letter = await findLetter(trx, place, policy.maxReplays);
    const before = await findLetterDecision(trx, decisionId);
    if (before) {
      const isSame = before.action === action && isDeepStrictEqual(before.editedValue, editedValue ?? null);
      if (letter?.decision?.decisionId === decisionId && isSame) return { letter, isNew: false };
      throw new OperationRefused('DECISION_ID_REUSED', { usedFor: placeText(before) });
    }
    if (!letter) throw new OperationRefused('DEAD_LETTER_NOT_FOUND');
    if (letter.decision) throw decided(letter.decision);
    return decide(trx, letter);
  });
}

async function sendBack(trx: Trx, letter: Letter, record: ReplayedRecord, wish: ReplayWish): Promise<void> {
  await writeDown(trx, letter, 'REPLAY', wish);
  const isAwaited = await giveTurn(trx, headOf(letter), wish.decisionId);
  const { [H.turn]: _before, ...headers } = letter.headers;
  const row = recordRow(
    { ...record, headers },
    {
      [H.replayCount]: String(record.replayCount),
      [H.replayOf]: placeText(letter),
      [H.decisionId]: wish.decisionId,
      ...(isAwaited ? { [H.turn]: wish.decisionId } : {}),
    },
  );
  // A topic of others may not be there: the row must not hold up our own events of that key.
  await addToOutbox(trx, [OURS.has(record.topic) ? row : { ...row, key: placeText(letter) }]);
}

async function writeDown(trx: Trx, letter: Letter, action: LetterDecision['action'], wish: ReplayWish): Promise<void> {
  const { topic, partition, offset, deadAt } = letter;
  const isFirst = await insertLetterDecision(trx, {
    topic,
    partition,
    offset,
    deadAt,
    action,
    decisionId: wish.decisionId,
    actor: wish.actor,
    reason: wish.reason,
    editedValue: wish.editedValue ?? null,
    isOverride: wish.isOverride ?? false,
    bulkId: wish.bulkId ?? null,
  });
  // Used for another letter since we looked.
  if (!isFirst) throw new OperationRefused('DECISION_ID_REUSED');
}

function decided({ action, actor, at, decisionId }: LetterDecision): OperationRefused {
  return new OperationRefused('DEAD_LETTER_DECIDED', { action, actor, at: at.toISOString(), decisionId });
}

/** The key of an edited value is the one that the value asks for; what others mean by a key, nobody knows here. */
function replayedRecord(letter: Letter, editedValue: Buffer | undefined): ReplayedRecord {
  const { originTopic: topic } = letter;
  const value = editedValue ?? letter.value;
  if (value === null || isWithheld(value)) throw new OperationRefused('VALUE_MISSING');
  const { orderId, requestId } = subjectOf(topic, OURS.has(topic) && editedValue ? editedValue : null);
  const ownKey = requestId ?? orderId?.toString();
  const key = ownKey === undefined ? letter.key : Buffer.from(ownKey);
  return { topic, key, value, replayCount: letter.replayCount + 1 };
}

async function refuseReplay(
  trx: Trx,
  letter: Letter,
  record: ReplayedRecord,
  wish: ReplayWish,
  policy: ReplayPolicy,
): Promise<void> {
  const { orderId } = subjectOf(record.topic, record.value);
  const isForUs = CONSUMED.some(({ topic }) => topic === record.topic);
  const order = isForUs && orderId !== null ? await findOrder(trx, orderId) : undefined;
  if (order?.status === 'CANCELLED')
    throw new OperationRefused('ORDER_CANCELLED', { orderId, reason: order.statusReason });
  // Two letters sent to each other's key would wait for each other.
  if (
    record.key &&
    !(letter.key?.equals(record.key) ?? false) &&
    (await isBlocked(trx, record.topic, record.key, headOf(letter)))
  )
    throw new OperationRefused('KEY_BLOCKED', { topic: record.topic, key: record.key.toString() });
  if (wish.editedValue && recordHoldsCardNumber({ ...record, headers: {} }))
    throw new OperationRefused('VALUE_INVALID', { errors: [{ path: '', message: NO_CARD }] });
  if (wish.isOverride) return;
  if (!OURS.has(record.topic)) throw new OperationRefused('TOPIC_NOT_OURS', { topic: record.topic });
  if (letter.replayCount >= policy.maxReplays)
    throw new OperationRefused('REPLAYS_EXHAUSTED', { replayCount: letter.replayCount, maxReplays: policy.maxReplays });
  if (wish.editedValue) refuseInvalid(record.topic, wish.editedValue);
}

const OURS: ReadonlySet<string> = new Set(Object.values(TOPICS));

/** What is edited must be an event of its topic; what is not, its reader judges. */
function refuseInvalid(topic: string, value: Buffer): void {
  let event: unknown;
  try {
    event = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value));
  } catch {
    throw new OperationRefused('VALUE_INVALID', { errors: [{ path: '', message: 'is not JSON in UTF-8' }] });
  }
  const result = EVENT_SCHEMAS[topic]?.safeParse(event);
  if (!result || result.success) return;
  throw new OperationRefused('VALUE_INVALID', {
    errors: result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
  });
}

/** What others may wait behind. */
function headOf({ originTopic, originPartition, originOffset, consumerGroup, turn }: ListedLetter): Head {
  const place = { topic: originTopic, partition: originPartition, offset: originOffset };
  return { ...place, group: consumerGroup, turn: turn ?? undefined };
}

/** A letter's id for people. */
export function placeText({ topic, partition, offset }: LetterPlace): string {
  return `${topic}/${partition}/${offset}`;
}
