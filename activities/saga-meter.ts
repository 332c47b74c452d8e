import type { AfterFailure } from './attempt';

/** How an attempt ended: settled, as what the order then is; or undone, by what follows. */
export type AttemptOutcome = 'PREPARING' | 'IN_WAREHOUSE' | AfterFailure;

/** What only the activities themselves can measure; everything else is measured round them. */
export interface SagaMeter {
  /** An activity was done as a part of a whole attempt. */
  done(activity: string, ms: number): void;
  /** Once for each attempt, so long after the customer's request. */
  attemptEnded(outcome: AttemptOutcome, sinceRequestedMs: number): void;
}
