import type { Command } from 'commander';
import type { DeadLetterGroup, DeadLetterSummary } from '../../client/schema';
import { openApi } from '../access';
import { command, type JsonOption, show, wholeNumber } from '../command';
import { moment, print, say, shortened, table } from '../output';
import { blockedKeyCommands } from './blocked-keys';
import { deadLetterFrom, type FilterOptions, filtered, filterOf } from './dead-letter-selection';
import { deadLetterText } from './dead-letter-text';
import { replayCommands } from './replay';

interface ListOptions extends FilterOptions, JsonOption {
  readonly state?: string;
  readonly limit?: number;
  readonly skip?: number;
}

export function dltCommands(program: Command): void {
  const dlt = program.command('dlt').description('dead letters: records that could not be processed');

  filtered(
    command(dlt, 'list', 'dead letters, newest first', [
      '--state WAITING --topic coupon.issue',
      '--older-than 1d --json',
    ]),
  )
    .option('--state <state>', 'WAITING, PARKED (its replays are used up), REPLAYED or DISCARDED')
    .option('--limit <count>', 'how many at most, up to 200', wholeNumber)
    .option('--skip <count>', 'leave out so many', wholeNumber)
    .action(async ({ state, limit, skip, ...options }: ListOptions) => {
      const query = { ...filterOf(options), state, limit, skip };
      const { data } = await (await openApi()).call('GET /api/ops/dead-letters', { query });
      show(data, options, printDeadLetters);
    });

  filtered(command(dlt, 'groups', 'how many of each cause', ['', '--newer-than 2h']))
    .option('--state <state>', 'WAITING, PARKED, REPLAYED or DISCARDED')
    .action(async ({ state, ...options }: ListOptions) => {
      const query = { ...filterOf(options), state };
      const { data } = await (await openApi()).call('GET /api/ops/dead-letters/groups', { query });
      show(data, options, printGroups);
    });

  command(dlt, 'show <position>', 'a dead letter whole, by topic/partition/offset', ['coupon.issue.DLT/2/14']).action(
    async (position: string, options: JsonOption) =>
      show(await deadLetterFrom(position), options, (deadLetter) => print(deadLetterText(deadLetter))),
  );

  command(dlt, 'decode <position>', "the record's own bytes on stdout", ['coupon.issue.DLT/2/14 > record.json']).action(
    async (position: string, options: JsonOption) => {
      const { key, keyBase64, value, valueBase64, valueBytes } = await deadLetterFrom(position);
      show({ key, keyBase64, value, valueBase64, valueBytes }, options, () => {
        if (valueBase64 === null) say('the record has no value');
        else process.stdout.write(Buffer.from(valueBase64, 'base64'));
      });
    },
  );

  replayCommands(dlt);
  blockedKeyCommands(dlt);
}

function printDeadLetters(deadLetters: readonly DeadLetterSummary[]): void {
  if (deadLetters.length === 0) say('no dead letter');
  const rows = deadLetters.map((deadLetter) => [
    deadLetter.id,
    deadLetter.state,
    moment(deadLetter.deadAt),
    deadLetter.code,
    shortened(deadLetter.key, 36),
    deadLetter.replayCount,
    deadLetter.waitingBehind || '',
    shortened(deadLetter.message, 60),
  ]);
  print(table(['position', 'state', 'died', 'code', 'key', 'replays', 'behind it', 'message'], rows));
}

function printGroups(groups: readonly DeadLetterGroup[]): void {
  if (groups.length === 0) say('no dead letter');
  const rows = groups.map(({ count, topic, code, state, oldestAt, newestAt }) => [
    count,
    topic,
    code,
    state,
    moment(oldestAt),
    moment(newestAt),
  ]);
  print(table(['count', 'topic', 'code', 'state', 'oldest', 'newest'], rows));
}
