import type { DeadLetter } from '../../contracts/dead-letters';
import type { OriginalRecord } from '../../contracts/record';
import type { DeadLetterSubject } from '../../db/dead-letter-index';

/** What the bridge asks about records, whose meaning it does not know. */
export interface RecordRules {
  /** The topics of this system. */
  readonly topics: readonly string[];
  /** The group of ours that reads a topic; undefined: none does. */
  groupOf(topic: string): string | undefined;
  subjectOf(topic: string, value: Buffer | null): DeadLetterSubject;
  /** The id of the workflow that a record leads to. */
  workflowOf(record: OriginalRecord): string | undefined;
  /** What is kept of a record that must not be kept whole; undefined: it may be. */
  withheld(record: OriginalRecord): OriginalRecord | undefined;
  /** A dead letter of any system, as it may be kept. */
  keepable(deadLetter: DeadLetter): DeadLetter;
}
