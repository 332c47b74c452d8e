import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { LetterSummary, LetterView } from '../../contracts/dead-letter-desk';
import type { ReplayProgress } from '../../contracts/workflow-api';
import { openApi } from '../access';
import type { Api } from '../api';
import { command, type JsonOption, show, wholeNumber } from '../command';
import { CommandError, EXIT } from '../command-error';
import { type DecisionOptions, decide, decides, refuseUnasked } from '../decision';
import { lineDiff } from '../line-diff';
import { print, say } from '../output';
import { type FilterOptions, filtered, filterOf } from './letter-filter';
import { letterPath } from './letter-place';
import { prettyJson } from './letter-text';

interface ReplayOptions extends DecisionOptions, FilterOptions {
  readonly edit?: string;
  readonly override?: boolean;
  readonly all?: boolean;
  readonly rate?: number;
}

interface Replayed extends LetterSummary {
  readonly sends?: { readonly topic: string; readonly key: string | null; readonly valueBase64: string };
}

interface ReplayOfMany {
  readonly decisionId: string;
  readonly matches: number;
  readonly ratePerSecond: number;
}

/** Commands that send dead letters back, or put them aside. */
export function replayCommands(dlt: Command): void {
  filtered(
    decides(
      command(
        dlt,
        'replay [place]',
        'send a dead letter back to its topic, or with --all every waiting one that is meant',
        [
          "coupon.issue.DLT/2/14 --reason 'the coupon is there now'",
          "order-processing-topic.DLT/0/3 --edit fixed.json --reason 'order id mended' --dry-run",
          "--all --topic coupon.issue --code UNKNOWN_COUPON --rate 50 --reason 'the coupon is there now'",
        ],
      ),
    ),
  )
    .option('--edit <file>', 'send what the file holds instead of the value; -: stdin')
    .option('--override', 'send it although its schema or its count of replays speaks against it')
    .option('--all', 'every letter that waits and is meant, by a workflow')
    .option('--rate <count>', 'with --all: so many a second, 10 if absent', wholeNumber)
    .action(async (place: string | undefined, options: ReplayOptions) => {
      if ((place === undefined) !== Boolean(options.all))
        throw new CommandError(EXIT.usage, 'name one dead letter, or --all and which are meant');
      if (options.all && (options.edit !== undefined || options.override))
        throw new CommandError(EXIT.usage, 'what is edited or overridden is replayed one by one');
      if (!options.all && (options.rate !== undefined || Object.values(filterOf(options)).some((value) => value)))
        throw new CommandError(EXIT.usage, 'filters and --rate go with --all');
      refuseUnasked(options);
      await (place === undefined ? replayMany(options) : replayOne(place, options));
    });

  decides(
    command(dlt, 'discard <place>', 'put a dead letter aside for good', [
      "coupon.issue.DLT/2/14 --reason 'a test of theirs'",
    ]),
  ).action(async (place: string, options: DecisionOptions) => {
    const path = letterPath(place);
    refuseUnasked(options);
    const would = (letter: Replayed) => `${letter.id} would be put aside for good (${letter.code})`;
    const discarded = await decide<Replayed>(await openApi(), `${path}/discard`, options, {}, would);
    show(discarded, options, printLetter);
  });

  command(dlt, 'progress <id>', 'how far a replay with --all has come, by its decision id', ['7f1c…']).action(
    async (id: string, options: JsonOption) => show(await progressOf(await openApi(), id), options, printProgress),
  );
  for (const how of ['pause', 'resume', 'cancel']) {
    command(dlt, `${how} <id>`, `${how} a replay with --all, by its decision id`, ['7f1c…']).action(
      async (id: string, options: JsonOption) => {
        const data = await (await openApi()).post<{ decisionId: string }>(`${manyPath(id)}/${how}`);
        show(data, options, () => say(`asked to ${how}: \`dlt progress ${id}\` tells`));
      },
    );
  }
}

async function replayOne(place: string, options: ReplayOptions): Promise<void> {
  const path = letterPath(place);
  const value = options.edit === undefined ? undefined : await readValue(options.edit);
  const api = await openApi();
  if (value) await sayDifference(await api.get<LetterView>(path), value);
  const wish = { ...(value ? asWish(value) : {}), ...(options.override ? { override: true } : {}) };
  const would = ({ id, sends }: Replayed) =>
    sends
      ? `${id} would be sent to ${sends.topic}, key ${sends.key ?? '(none or no text)'}, ${Buffer.from(sends.valueBase64, 'base64').length} bytes`
      : `${id} was decided by this decision id before`;
  show(await decide<Replayed>(api, `${path}/replay`, options, wish, would), options, printLetter);
}

async function replayMany(options: ReplayOptions): Promise<void> {
  const wish = { filter: filterOf(options), ...(options.rate === undefined ? {} : { ratePerSecond: options.rate }) };
  const would = ({ matches, ratePerSecond }: ReplayOfMany) =>
    `${matches} dead letters would be sent back, ${ratePerSecond} a second`;
  const started = await decide<ReplayOfMany>(await openApi(), '/api/ops/dead-letter-replays', options, wish, would);
  show(started, options, ({ decisionId, matches }) => {
    print(`${decisionId}  ${matches} dead letters`);
    if (!options.dryRun) say(`\`dlt progress ${decisionId}\` tells how far it is; dlt pause, resume, cancel steer it`);
  });
}

async function readValue(file: string): Promise<Buffer> {
  try {
    return await (file === '-' ? buffer(process.stdin) : readFile(file));
  } catch (error) {
    throw new CommandError(EXIT.usage, `${file} can not be read: ${(error as Error).message}`);
  }
}

/** Text as text, so that the API's log of it reads well; other bytes in Base64. */
function asWish(value: Buffer): { readonly value: string } | { readonly valueBase64: string } {
  const text = value.toString();
  return Buffer.from(text).equals(value) ? { value: text } : { valueBase64: value.toString('base64') };
}

async function sayDifference(letter: LetterView, edited: Buffer): Promise<void> {
  const before =
    letter.valueBase64 === null ? '(no value)' : prettyJson(Buffer.from(letter.valueBase64, 'base64').toString());
  say([`--- ${letter.id}`, '+++ edited', ...lineDiff(before, prettyJson(edited.toString()))].join('\n'));
}

function printLetter(letter: Replayed): void {
  print(`${letter.id}  ${letter.state}${letter.decision ? `  decision ${letter.decision.decisionId}` : ''}`);
}

const manyPath = (id: string) => `/api/ops/dead-letter-replays/${encodeURIComponent(id)}`;

const progressOf = (api: Api, id: string) => api.get<ReplayProgress>(manyPath(id));

function printProgress({ state, replayed, refused }: ReplayProgress): void {
  const refusals = Object.entries(refused).map(([code, count]) => `${count} ${code}`);
  print(`${state}  ${replayed} sent back${refusals.length > 0 ? `, refused: ${refusals.join(', ')}` : ''}`);
}
