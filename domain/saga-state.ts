/** What the saga is doing, beside what the order is. */
export const SAGA_STATES = ['RUNNING', 'WAITING', 'COMPENSATING', 'NEEDS_OPERATOR', 'SETTLED'] as const;
export type SagaState = (typeof SAGA_STATES)[number];

/** The state of one step of one attempt. */
export const STEP_STATES = [
  'PENDING',
  'RUNNING',
  'DONE',
  'FAILED',
  'UNKNOWN',
  'UNDOING',
  'UNDONE',
  'UNDO_FAILED',
  'SKIPPED',
] as const;
export type StepState = (typeof STEP_STATES)[number];

/** What an operator may decide about an undo that failed. */
export const DECISIONS = ['RETRY', 'SKIP', 'DONE_EXTERNALLY'] as const;
export type Decision = (typeof DECISIONS)[number];
