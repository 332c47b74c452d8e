/** What can need a person. */
export const OPERATOR_ITEM_KINDS = [
  /** An undo that was refused, or whose provider is unavailable. */
  'PARKED_SAGA',
  /** A step that cannot succeed however often it is tried: a fault of ours. */
  'PERMANENT_ERROR',
  /** A provider refuses our credentials. */
  'CREDENTIALS_REFUSED',
  'DEAD_LETTER',
  /** Records wait behind a dead letter of their key. */
  'BLOCKED_KEY',
  /** A workflow that failed, timed out or was terminated. */
  'FAILED_WORKFLOW',
  /** A payment request whose record never reached its workflow. */
  'LOST_REQUEST',
  /** A topic that takes no records: its outbox rows wait. */
  'UNPUBLISHED_TOPIC',
  /** A record fails for a reason that nobody foresaw, and what is behind it in its partition waits. */
  'STUCK_PARTITION',
  /** What reconciliation has found; its cause is the finding's code. */
  'RECONCILIATION',
] as const;
export type OperatorItemKind = (typeof OPERATOR_ITEM_KINDS)[number];

/** The kinds that a saga opens where it parks. */
export const PARKED_KINDS = ['PARKED_SAGA', 'PERMANENT_ERROR'] as const satisfies readonly OperatorItemKind[];

/** RESOLVED by a person's decision; HEALED: the cause is gone by itself. */
export const OPERATOR_ITEM_STATES = ['OPEN', 'RESOLVED', 'HEALED'] as const;
export type OperatorItemState = (typeof OPERATOR_ITEM_STATES)[number];
