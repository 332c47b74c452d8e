import { DEAD_LETTER_HEADERS } from '../../contracts/dead-letters';
import { subjectOf } from '../../contracts/record-subject';
import type {
  DeadLetterDecisionView,
  DeadLetterGroup,
  DeadLetterSummary,
  DeadLetterView,
} from '../../contracts/responses/dead-letters';
import type { WaitingRecord } from '../../db/blocked-keys';
import type { DeadLetterDecision } from '../../db/dead-letter-decisions';
import type { DeadLetterPosition } from '../../db/dead-letter-index';
import type { ListedDeadLetter, StoredDeadLetter, StoredDeadLetterGroup } from '../../db/dead-letters';
import { positionText } from '../../operations/dead-letters';

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

export function deadLetterSummary(deadLetter: ListedDeadLetter, diedAgainAs?: DeadLetterPosition): DeadLetterSummary {
  return {
    id: positionText(deadLetter),
    state: deadLetter.state,
    deadAt: deadLetter.deadAt.toISOString(),
    topic: deadLetter.originTopic,
    code: deadLetter.code,
    message: deadLetter.message,
    key: textOf(deadLetter.key),
    replayCount: deadLetter.replayCount,
    ...(deadLetter.orderId === null ? {} : { orderId: deadLetter.orderId }),
    ...(deadLetter.requestId === null ? {} : { requestId: deadLetter.requestId }),
    ...(deadLetter.decision ? { decision: decisionView(deadLetter.decision, diedAgainAs) } : {}),
    waitingBehind: deadLetter.waitingBehind,
  };
}

export function deadLetterView(
  deadLetter: StoredDeadLetter,
  {
    diedAgainAs,
    waiting,
  }: { readonly diedAgainAs: DeadLetterPosition | undefined; readonly waiting: readonly WaitingRecord[] },
): DeadLetterView {
  const replayOf = deadLetter.headers[DEAD_LETTER_HEADERS.replayOf]?.at(-1);
  return {
    ...deadLetterSummary(deadLetter, diedAgainAs),
    origin: {
      partition: deadLetter.originPartition,
      offset: deadLetter.originOffset,
      at: deadLetter.originAt?.toISOString() ?? null,
    },
    consumerGroup: deadLetter.consumerGroup,
    keyBase64: deadLetter.key?.toString('base64') ?? null,
    value: textOf(deadLetter.value),
    valueBase64: deadLetter.value?.toString('base64') ?? null,
    valueBytes: deadLetter.value?.length ?? 0,
    headers: Object.fromEntries(
      Object.entries({ ...deadLetter.exceptionHeaders, ...deadLetter.headers }).map(([name, values]) => [
        name,
        values.map((base64) => (base64 === null ? null : (textOf(Buffer.from(base64, 'base64')) ?? base64))),
      ]),
    ),
    waiting: waiting.map(({ since, value, valueBytes, ...position }) => ({
      id: positionText(position),
      since: since.toISOString(),
      eventId: subjectOf(position.topic, value).eventId,
      valueBytes,
    })),
    ...(replayOf == null ? {} : { replayOf: Buffer.from(replayOf, 'base64').toString() }),
  };
}

function decisionView(
  decision: DeadLetterDecision,
  diedAgainAs: DeadLetterPosition | undefined,
): DeadLetterDecisionView {
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
    ...(diedAgainAs ? { diedAgainAs: positionText(diedAgainAs) } : {}),
  };
}

export function deadLetterGroup({ oldestAt, newestAt, ...group }: StoredDeadLetterGroup): DeadLetterGroup {
  return { ...group, oldestAt: oldestAt.toISOString(), newestAt: newestAt.toISOString() };
}
