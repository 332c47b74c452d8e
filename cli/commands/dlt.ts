import type { Command } from 'commander';
import type { LetterGroup, LetterSummary, LetterView } from '../../contracts/dead-letter-desk';
import { openApi } from '../access';
import { command, type JsonOption, show, wholeNumber } from '../command';
import { moment, print, say, shortened, table } from '../output';
import { keyLineCommands } from './key-lines';
import { type FilterOptions, filtered, filterOf } from './letter-filter';
import { letterPath } from './letter-place';
import { letterText } from './letter-text';
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
      const letters = await (await openApi()).get<LetterSummary[]>('/api/ops/dead-letters', query);
      show(letters, options, printLetters);
    });

  filtered(command(dlt, 'groups', 'how many of each cause', ['', '--newer-than 2h']))
    .option('--state <state>', 'WAITING, PARKED, REPLAYED or DISCARDED')
    .action(async ({ state, ...options }: ListOptions) => {
      const query = { ...filterOf(options), state };
      const groups = await (await openApi()).get<LetterGroup[]>('/api/ops/dead-letters/groups', query);
      show(groups, options, printGroups);
    });

  command(dlt, 'show <place>', 'a dead letter whole, by topic/partition/offset', ['coupon.issue.DLT/2/14']).action(
    async (place: string, options: JsonOption) => {
      const letter = await (await openApi()).get<LetterView>(letterPath(place));
      show(letter, options, () => print(letterText(letter)));
    },
  );

  command(dlt, 'decode <place>', "the record's own bytes on stdout", ['coupon.issue.DLT/2/14 > record.json']).action(
    async (place: string, options: JsonOption) => {
      const letter = await (await openApi()).get<LetterView>(letterPath(place));
      const { key, keyBase64, value, valueBase64, valueBytes } = letter;
      show({ key, keyBase64, value, valueBase64, valueBytes }, options, () => {
        if (valueBase64 === null) say('the record has no value');
        else process.stdout.write(Buffer.from(valueBase64, 'base64'));
      });
    },
  );

  replayCommands(dlt);
  keyLineCommands(dlt);
}

function printLetters(letters: readonly LetterSummary[]): void {
  if (letters.length === 0) say('no dead letter');
  const rows = letters.map((letter) => [
    letter.id,
    letter.state,
    moment(letter.deadAt),
    letter.code,
    shortened(letter.key, 36),
    letter.replayCount,
    letter.waitingBehind || '',
    shortened(letter.message, 60),
  ]);
  print(table(['place', 'state', 'died', 'code', 'key', 'replays', 'behind it', 'message'], rows));
}

function printGroups(groups: readonly LetterGroup[]): void {
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
