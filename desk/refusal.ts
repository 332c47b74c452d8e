export type DeskRefusalCode =
  | 'DEAD_LETTER_NOT_FOUND'
  | 'DEAD_LETTER_DECIDED'
  | 'DECISION_ID_REUSED'
  | 'ORDER_CANCELLED'
  | 'REPLAYS_EXHAUSTED'
  | 'VALUE_MISSING'
  | 'VALUE_INVALID'
  | 'TOPIC_NOT_OURS'
  | 'KEY_BLOCKED'
  | 'LINE_NOT_FOUND'
  | 'LINE_WAITS_FOR_DECISION'
  | 'LINE_LETTER_MISSING'
  | 'LINE_MOVES';

/** A decision that can't be taken; nothing was changed. */
export class DeskRefusal extends Error {
  override readonly name = 'DeskRefusal';
  constructor(
    readonly code: DeskRefusalCode,
    /** What the operator is told beside it. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(code);
  }
}
