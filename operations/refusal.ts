export type RefusalCode =
  | 'DEAD_LETTER_NOT_FOUND'
  | 'DEAD_LETTER_DECIDED'
  | 'DECISION_ID_REUSED'
  | 'ORDER_CANCELLED'
  | 'REPLAYS_EXHAUSTED'
  | 'VALUE_MISSING'
  | 'VALUE_INVALID'
  | 'TOPIC_NOT_OURS'
  | 'KEY_BLOCKED'
  | 'KEY_NOT_BLOCKED'
  | 'KEY_AWAITS_DECISION'
  | 'DEAD_LETTER_NOT_INDEXED'
  | 'KEY_JUST_MOVED'
  | 'ORDER_NOT_CANCELLABLE'
  | 'NOT_RESOLVABLE'
  | 'REPLAY_NOT_FOUND'
  | 'REPLAY_OVER'
  | 'ITEM_NOT_FOUND'
  | 'ITEM_CLOSED'
  | 'ITEM_HAS_OWN_DECISION';

/** A decision that can't be taken; nothing was changed. */
export class OperationRefused extends Error {
  override readonly name = 'OperationRefused';
  constructor(
    readonly code: RefusalCode,
    /** What the operator is told beside it. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(code);
  }
}
