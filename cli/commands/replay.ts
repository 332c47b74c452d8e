import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { Command } from 'commander';
import type {
  DeadLetterSummary,
  DeadLetterView,
  ReplayControlled,
  ReplayProgressView,
} from '../../contracts/responses/dead-letters';
import { REPLAY_ACTIONS, type ReplayAction } from '../../contracts/workflow-api';
import { openApi } from '../access';
import { command, type JsonOption, show, wholeNumber } from '../command';
import { CommandError, EXIT } from '../command-error';
import { type DecisionOptions, decide, decides, refuseUnasked, showDecided } from '../decision';
import { lineDiff } from '../line-diff';
import { moment, print, say } from '../output';
import { type FilterOptions, filtered, filterOf } from './dead-letter-filter';
import { deadLetterPath } from './dead-letter-position';
import { laterRecords, prettyJson } from './dead-letter-text';

interface ReplayOptions extends DecisionOptions, FilterOptions {
  readonly edit?: string;
  readonly override?: boolean;
  readonly all?: boolean;
  readonly rate?: number;
}

interface Replayed extends DeadLetterSummary {
  /** Of a decision that is, or would be, new. */
  readonly sends: { readonly topic: string; readonly key: string | null; readonly valueBase64: string };
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
    .option('--all', 'every dead letter that waits and is meant, by a workflow')
    .option('--rate <count>', 'with --all: so many a second, 10 if absent', wholeNumber)
    .action(async (place: string | undefined, options: ReplayOptions) => {
      if ((place === undefined) !== Boolean(options.all))
        throw new CommandError(EXIT.usage, 'name one dead letter, or --all and which are meant');
      if (options.all && (options.edit !== undefined || options.override))
        throw new CommandError(EXIT.usage, 'what is edited or overridden is replayed one by one');
      if (!options.all && (options.rate !== undefined || Object.values(filterOf(options)).some((value) => value)))
        throw new CommandError(EXIT.usage, 'filters and --rate go with --all');
      if (options.edit === '-' && !options.yes && !options.dryRun)
        throw new CommandError(
          EXIT.usage,
          'with --edit - nobody can be asked: add --yes, or --dry-run to see the difference',
        );
      refuseUnasked(options);
      await (place === undefined ? replayMany(options) : replayOne(place, options));
    });

  decides(
    command(dlt, 'discard <place>', 'put a dead letter aside for good', [
      "coupon.issue.DLT/2/14 --reason 'a test of theirs'",
    ]),
  ).action(async (place: string, options: DecisionOptions) => {
    const path = deadLetterPath(place);
    refuseUnasked(options);
    const would = (deadLetter: DeadLetterSummary) =>
      `${deadLetter.id} would be put aside for good${deadLetter.code === null ? '' : ` (${deadLetter.code})`}${thenWouldFollow(deadLetter)}`;
    const discarded = await decide<DeadLetterSummary>(await openApi(), `${path}/discard`, options, {}, would);
    showDecided(discarded, options, printDeadLetter);
  });

  command(dlt, 'progress <id>', 'how far a replay with --all has come, by its decision id', ['7f1c…']).action(
    async (id: string, options: JsonOption) =>
      show(await (await openApi()).get<ReplayProgressView>(manyPath(id)), options, printProgress),
  );
  for (const action of REPLAY_ACTIONS) {
    const summary = `${action} a replay with --all, by its decision id`;
    decides(command(dlt, `${action} <id>`, summary, ["7f1c… --reason 'it does harm'"])).action(
      (id: string, options: DecisionOptions) => steerReplay(id, action, options),
    );
  }
}

async function steerReplay(id: string, action: ReplayAction, options: DecisionOptions): Promise<void> {
  const canBeUndone = action !== 'cancel';
  if (!canBeUndone) refuseUnasked(options);
  const would = ({ state, replayed }: ReplayControlled) =>
    `${id} would ${action}: ${state === undefined ? 'how far it is nobody tells now' : `${state}, ${replayed} sent back so far`}`;
  const path = `${manyPath(id)}/${action}`;
  const unasked = canBeUndone ? { ...options, yes: true } : options;
  const steered = await decide<ReplayControlled>(await openApi(), path, unasked, {}, would);
  showDecided(steered, options, ({ control }) => {
    print(`${id}  ${action}  decision ${control.decisionId}`);
    say(`\`dlt progress ${id}\` tells what comes of it`);
  });
}

async function replayOne(place: string, options: ReplayOptions): Promise<void> {
  const path = deadLetterPath(place);
  const value = options.edit === undefined ? undefined : await readValue(options.edit);
  const api = await openApi();
  if (value) await sayDifference(await api.get<DeadLetterView>(path), value);
  const command = {
    ...(value ? { valueBase64: value.toString('base64') } : {}),
    ...(options.override ? { override: true } : {}),
  };
  const would = ({ sends, ...deadLetter }: Replayed) =>
    `${deadLetter.id} would be sent to ${sends.topic}, key ${sends.key ?? '(none or no text)'}, ${Buffer.from(sends.valueBase64, 'base64').length} bytes${thenWouldFollow(deadLetter)}`;
  showDecided(await decide<Replayed>(api, `${path}/replay`, options, command, would), options, printDeadLetter);
}

async function replayMany(options: ReplayOptions): Promise<void> {
  const command = { filter: filterOf(options), ...(options.rate === undefined ? {} : { ratePerSecond: options.rate }) };
  const would = ({ matches, ratePerSecond }: ReplayOfMany) =>
    `${matches} dead letters match: each would be checked when its turn comes and sent back, ${ratePerSecond} a second`;
  const started = await decide<ReplayOfMany>(await openApi(), '/api/ops/dead-letter-replays', options, command, would);
  showDecided(started, options, ({ decisionId, matches }) => {
    print(`${decisionId}  ${matches} dead letters match`);
    say(`\`dlt progress ${decisionId}\` tells how far it is; dlt pause, resume, cancel steer it`);
  });
}

function thenWouldFollow({ waitingBehind }: DeadLetterSummary): string {
  return waitingBehind === 0 ? '' : `; ${laterRecords(waitingBehind)} and would follow`;
}

async function readValue(file: string): Promise<Buffer> {
  try {
    return await (file === '-' ? buffer(process.stdin) : readFile(file));
  } catch (error) {
    throw new CommandError(EXIT.usage, `${file} can not be read: ${(error as Error).message}`);
  }
}

async function sayDifference(deadLetter: DeadLetterView, edited: Buffer): Promise<void> {
  const before =
    deadLetter.valueBase64 === null
      ? '(no value)'
      : prettyJson(Buffer.from(deadLetter.valueBase64, 'base64').toString());
  say([`--- ${deadLetter.id}`, '+++ edited', ...lineDiff(before, prettyJson(edited.toString()))].join('\n'));
}

function printDeadLetter(deadLetter: DeadLetterSummary): void {
  print(
    `${deadLetter.id}  ${deadLetter.state}${deadLetter.decision ? `  decision ${deadLetter.decision.decisionId}` : ''}`,
  );
}

const manyPath = (id: string) => `/api/ops/dead-letter-replays/${encodeURIComponent(id)}`;

function printProgress({ state, replayed, refused, failing, steered }: ReplayProgressView): void {
  const refusals = Object.entries(refused).map(([code, count]) => `${count} ${code}`);
  print(`${state}  ${replayed} sent back${refusals.length > 0 ? `, refused: ${refusals.join(', ')}` : ''}`);
  if (failing !== undefined) print(`fails, and is tried again: ${failing}`);
  for (const { action, actor = 'somebody', reason, at } of steered)
    print(`${moment(at)}  ${action} by ${actor}${reason === undefined ? '' : `: ${reason}`}`);
}
