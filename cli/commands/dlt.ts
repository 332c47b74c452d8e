import type { Command } from 'commander';
import type { DeadLetterGroup, DeadLetterSummary, DeadLetterView } from '../../contracts/responses/dead-letters';
import { openApi } from '../access';
import { command, type JsonOption, show, wholeNumber } from '../command';
import { moment, print, say, shortened, table } from '../output';
import { keyLineCommands } from './blocked-keys';
import { type FilterOptions, filtered, filterOf } from './dead-letter-filter';
import { deadLetterPath } from './dead-letter-position';
import { deadLetterText } from './dead-letter-text';
import { replayCommands } from './replay';

interface ListOptions extends FilterOptions, JsonOption {
  readonly state?: string;
  readonly limit?: number;
  readonly skip?: number;
}

export function dltCommands(program: Command): void {
  const dlt = program.command('dlt').description('dead letters: records that could not be worked on');

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
      const deadLetters = await (await openApi()).get<DeadLetterSummary[]>('/api/ops/dead-letters', query);
      show(deadLetters, options, printDeadLetters);
    });

  filtered(command(dlt, 'groups', 'how many of each cause', ['', '--newer-than 2h']))
    .option('--state <state>', 'WAITING, PARKED, REPLAYED or DISCARDED')
    .action(async ({ state, ...options }: ListOptions) => {
      const query = { ...filterOf(options), state };
      const groups = await (await openApi()).get<DeadLetterGroup[]>('/api/ops/dead-letters/groups', query);
      show(groups, options, printGroups);
    });

  command(dlt, 'show <place>', 'a dead letter whole, by topic/partition/offset', ['coupon.issue.DLT/2/14']).action(
    async (place: string, options: JsonOption) => {
      const deadLetter = await (await openApi()).get<DeadLetterView>(deadLetterPath(place));
      show(deadLetter, options, () => print(deadLetterText(deadLetter)));
    },
  );

  command(dlt, 'decode <place>', "the record's own bytes on stdout", ['coupon.issue.DLT/2/14 > record.json']).action(
    async (place: string, options: JsonOption) => {
      const deadLetter = await (await openApi()).get<DeadLetterView>(deadLetterPath(place));
      const { key, keyBase64, value, valueBase64, valueBytes } = deadLetter;
      show({ key, keyBase64, value, valueBase64, valueBytes }, options, () => {
        if (valueBase64 === null) say('the record has no value');
        else process.stdout.write(Buffer.from(valueBase64, 'base64'));
      });
    },
  );

  replayCommands(dlt);
  keyLineCommands(dlt);
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
  print(table(['place', 'state', 'died', 'code', 'key', 'replays', 'behind it', 'message'], rows));
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
