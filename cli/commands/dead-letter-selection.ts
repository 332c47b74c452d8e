import type { Command } from 'commander';
import type { DeadLetter } from '../../client/schema';
import { openApi } from '../access';
import { ago } from '../command';
import { CommandError, EXIT } from '../command-error';

/** The API's parameters of a dead letter, whose position people write as `topic/partition/offset`. */
export function deadLetterAt(position: string) {
  const [, topic, partition, offset] = /^([^/\s]+)\/(\d+)\/(\d+)$/.exec(position) ?? [];
  if (!topic || !partition || !offset)
    throw new CommandError(
      EXIT.usage,
      `a dead letter is named by its position topic/partition/offset, as \`dlt list\` shows it: not ${position}`,
    );
  return { topic, partition, offset };
}

/** A whole dead letter. */
export async function deadLetterFrom(position: string): Promise<DeadLetter> {
  const params = deadLetterAt(position);
  const api = await openApi();
  return (await api.call('GET /api/ops/dead-letters/{topic}/{partition}/{offset}', { params })).data;
}

export interface FilterOptions {
  readonly topic?: string;
  readonly code?: string;
  readonly key?: string;
  readonly olderThan?: string;
  readonly newerThan?: string;
}

/** The options that select dead letters. */
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
