import type { Command } from 'commander';
import { ago } from '../command';

export interface FilterOptions {
  readonly topic?: string;
  readonly code?: string;
  readonly key?: string;
  readonly olderThan?: string;
  readonly newerThan?: string;
}

/** The options that say which dead letters are meant. */
export function filtered(command: Command): Command {
  return command
    .option('--topic <topic>', 'of the record, not its dead-letter topic')
    .option('--code <code>', 'the cause, such as WRONG_SCHEMA')
    .option('--key <key>', "the record's key")
    .option('--older-than <duration>', 'died so long ago or longer: 90s, 30m, 2h, 7d', ago)
    .option('--newer-than <duration>', 'died since: 90s, 30m, 2h, 7d', ago);
}

export const filterOf = ({ topic, code, key, olderThan, newerThan }: FilterOptions) => ({
  topic,
  code,
  key,
  deadBefore: olderThan,
  deadAfter: newerThan,
});
