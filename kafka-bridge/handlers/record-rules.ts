import { subjectOf, workflowOf } from '../../contracts/record-subject';
import { groupOf, TOPICS } from '../../contracts/topics';
import { keepable, recordHoldsCardNumber, withheld } from '../../contracts/withheld-record';
import type { RecordRules } from '../dead-letters/record-rules';

export const RECORD_RULES: RecordRules = {
  topics: Object.values(TOPICS),
  groupOf,
  subjectOf,
  workflowOf: ({ topic, value }) => workflowOf(subjectOf(topic, value)),
  withheld: (record) => (recordHoldsCardNumber(record) ? withheld(record) : undefined),
  keepable,
};
