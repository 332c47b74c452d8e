import type { LetterDecisionView, LetterGroup, LetterSummary, LetterView } from '../contracts/dead-letter-desk';
import { DEAD_LETTER_HEADERS } from '../contracts/dead-letters';
import { subjectOf } from '../contracts/record-subject';
import type { Letter, LetterDecision, LetterPlace, ListedLetter, StoredLetterGroup } from '../db/dead-letters';
import type { WaitingRecord } from '../db/key-lines';
import { placeText } from '../operations/dead-letters';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes as text; null: there are none, or they are no text. */
export function textOf(bytes: Buffer | null): string | null {
  if (bytes === null) return null;
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

export function letterSummary(letter: ListedLetter, diedAgainAs?: LetterPlace): LetterSummary {
  return {
    id: placeText(letter),
    state: letter.state,
    deadAt: letter.deadAt.toISOString(),
    topic: letter.originTopic,
    code: letter.code,
    message: letter.message,
    key: textOf(letter.key),
    replayCount: letter.replayCount,
    ...(letter.orderId === null ? {} : { orderId: letter.orderId }),
    ...(letter.requestId === null ? {} : { requestId: letter.requestId }),
    ...(letter.decision ? { decision: decisionView(letter.decision, diedAgainAs) } : {}),
    waitingBehind: letter.waitingBehind,
  };
}

export function letterView(
  letter: Letter,
  {
    diedAgainAs,
    waiting,
  }: { readonly diedAgainAs: LetterPlace | undefined; readonly waiting: readonly WaitingRecord[] },
): LetterView {
  const replayOf = letter.headers[DEAD_LETTER_HEADERS.replayOf]?.at(-1);
  return {
    ...letterSummary(letter, diedAgainAs),
    origin: {
      partition: letter.originPartition,
      offset: letter.originOffset,
      at: letter.originAt?.toISOString() ?? null,
    },
    consumerGroup: letter.consumerGroup,
    keyBase64: letter.key?.toString('base64') ?? null,
    value: textOf(letter.value),
    valueBase64: letter.value?.toString('base64') ?? null,
    valueBytes: letter.value?.length ?? 0,
    headers: Object.fromEntries(
      Object.entries({ ...letter.exceptionHeaders, ...letter.headers }).map(([name, values]) => [
        name,
        values.map((base64) => (base64 === null ? null : (textOf(Buffer.from(base64, 'base64')) ?? base64))),
      ]),
    ),
    waiting: waiting.map(({ since, value, valueBytes, ...place }) => ({
      id: placeText(place),
      since: since.toISOString(),
      eventId: subjectOf(place.topic, value).eventId,
      valueBytes,
    })),
    ...(replayOf == null ? {} : { replayOf: Buffer.from(replayOf, 'base64').toString() }),
  };
}

function decisionView(decision: LetterDecision, diedAgainAs: LetterPlace | undefined): LetterDecisionView {
  return {
    decisionId: decision.decisionId,
    action: decision.action,
    actor: decision.actor,
    reason: decision.reason,
    at: decision.at.toISOString(),
    isEdited: decision.isEdited,
    isOverride: decision.isOverride,
    ...(decision.bulkId === null ? {} : { bulkId: decision.bulkId }),
    ...(decision.outcome === null ? {} : { outcome: decision.outcome }),
    ...(decision.workflowId === null ? {} : { workflowId: decision.workflowId }),
    ...(diedAgainAs ? { diedAgainAs: placeText(diedAgainAs) } : {}),
  };
}

export function letterGroup({ oldestAt, newestAt, ...group }: StoredLetterGroup): LetterGroup {
  return { ...group, oldestAt: oldestAt.toISOString(), newestAt: newestAt.toISOString() };
}
