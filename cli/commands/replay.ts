import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { Command } from 'commander';
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import type { DeadLetter, DeadLetterSummary, ReplayProgress } from '../../client/schema';
import { REPLAY_ACTIONS, type ReplayAction } from '../../contracts/workflow-api';
import { openApi } from '../access';
import { command, type JsonOption, show, wholeNumber } from '../command';
import { CommandError, EXIT } from '../command-error';
import { type DecisionOptions, decide, decides, refuseUnasked } from '../decision';
import { moment, print, say } from '../output';
import { deadLetterAt, deadLetterFrom, type FilterOptions, filtered, filterOf } from './dead-letter-selection';
import { laterRecords, prettyJson } from './dead-letter-text';

const DIFF_WITHIN_MS = 2_000;

interface ReplayOptions extends DecisionOptions, FilterOptions {
  readonly edit?: string;
  readonly override?: boolean;
  readonly all?: boolean;
  readonly rate?: number;
}

/** Commands that send dead letters back, or discard them. */
export function replayCommands(dlt: Command): void {
  filtered(
    decides(
      command(
        dlt,
        'replay [position]',
        'send a dead letter back to its topic, or with --all every waiting one that the filters select',
        [
          "coupon.issue.DLT/2/14 --reason 'the coupon is there now'",
          "order-processing-topic.DLT/0/3 --edit fixed.json --reason 'order id mended' --dry-run",
          "--all --topic coupon.issue --code UNKNOWN_COUPON --rate 50 --reason 'the coupon is there now'",
        ],
      ),
    ),
  )
    .option('--edit <file>', 'send what the file holds instead of the value; -: stdin')
    .option('--override', 'send it although its schema or its count of replays forbids it')
    .option('--all', 'every waiting dead letter that the filters select, by a workflow')
    .option('--rate <count>', 'with --all: so many a second, 10 if absent', wholeNumber)
    .action(async (position: string | undefined, options: ReplayOptions) => {
      refuseContradictions(position, options);
      refuseUnasked(options);
      await (position === undefined ? replayMany(options) : replayOne(position, options));
    });

  decides(
    command(dlt, 'discard <position>', 'discard a dead letter for good', [
      "coupon.issue.DLT/2/14 --reason 'a test of theirs'",
    ]),
  ).action(async (position: string, options: DecisionOptions) => {
    await decide(options, 'POST /api/ops/dead-letters/{topic}/{partition}/{offset}/discard', {
      params: deadLetterAt(position),
      preview: (deadLetter) =>
        `${deadLetter.id} would be discarded for good${deadLetter.code === null ? '' : ` (${deadLetter.code})`}${followers(deadLetter)}`,
      print: printDeadLetter,
    });
  });

  command(dlt, 'progress <id>', 'the progress of a replay with --all, by its decision id', ['7f1c…']).action(
    async (id: string, options: JsonOption) => {
      const api = await openApi();
      const { data } = await api.call('GET /api/ops/dead-letter-replays/{id}', { params: { id } });
      show(data, options, printProgress);
    },
  );
  for (const action of REPLAY_ACTIONS) {
    const summary = `${action} a replay with --all, by its decision id`;
    decides(command(dlt, `${action} <id>`, summary, ["7f1c… --reason 'it does harm'"])).action(
      (id: string, options: DecisionOptions) => controlReplay(id, action, options),
    );
  }
}

function refuseContradictions(position: string | undefined, options: ReplayOptions): void {
  const { all, edit, override, rate, yes, dryRun } = options;
  const refuse = (message: string) => {
    throw new CommandError(EXIT.usage, message);
  };
  const hasFilter = Object.values(filterOf(options)).some((value) => value !== undefined);
  if ((position === undefined) !== Boolean(all)) refuse('name one dead letter, or --all and filters');
  if (all && (edit !== undefined || override)) refuse('--edit and --override are for one dead letter');
  if (!all && (rate !== undefined || hasFilter)) refuse('filters and --rate go with --all');
  if (edit === '-' && !yes && !dryRun)
    refuse('with --edit - nobody can be asked: add --yes, or --dry-run to see the difference');
}

async function controlReplay(id: string, action: ReplayAction, options: DecisionOptions): Promise<void> {
  // A paused or resumed replay can be resumed or paused again: only cancel asks.
  const unasked = action === 'cancel' ? options : { ...options, yes: true };
  await decide(unasked, `POST /api/ops/dead-letter-replays/{id}/${action}`, {
    params: { id },
    preview: ({ state, replayed }) =>
      `${id} would ${action}: ${state === undefined ? 'its progress is unknown now' : `${state}, ${replayed} sent back so far`}`,
    print: ({ control }) => {
      print(`${id}  ${action}  decision ${control.decisionId}`);
      say(`\`dlt progress ${id}\` shows what follows`);
    },
  });
}

async function replayOne(position: string, options: ReplayOptions): Promise<void> {
  const params = deadLetterAt(position);
  const value = options.edit === undefined ? undefined : await readValue(options.edit);
  if (value) sayDifference(await deadLetterFrom(position), value);
  await decide(options, 'POST /api/ops/dead-letters/{topic}/{partition}/{offset}/replay', {
    params,
    body: { valueBase64: value?.toString('base64'), override: options.override },
    preview: ({ sends, ...deadLetter }) =>
      `${deadLetter.id} would be sent to ${sends?.topic}, key ${sends?.key ?? '(none or no text)'}, ${Buffer.from(sends?.valueBase64 ?? '', 'base64').length} bytes${followers(deadLetter)}`,
    print: printDeadLetter,
  });
}

async function replayMany(options: ReplayOptions): Promise<void> {
  await decide(options, 'POST /api/ops/dead-letter-replays', {
    body: { filter: filterOf(options), ratePerSecond: options.rate },
    preview: ({ matches, ratePerSecond }) =>
      `${matches} dead letters match: each would be checked when its turn comes and sent back, ${ratePerSecond} a second`,
    print: ({ decisionId, matches }) => {
      print(`${decisionId}  ${matches} dead letters match`);
      say(`\`dlt progress ${decisionId}\` shows its progress; dlt pause, resume, cancel control it`);
    },
  });
}

function followers({ waitingBehind }: DeadLetterSummary): string {
  return waitingBehind === 0 ? '' : `; ${laterRecords(waitingBehind)} and would follow`;
}

async function readValue(file: string): Promise<Buffer> {
  try {
    return await (file === '-' ? buffer(process.stdin) : readFile(file));
  } catch (error) {
    throw new CommandError(EXIT.usage, `${file} can not be read: ${(error as Error).message}`);
  }
}

function sayDifference({ id, valueBase64 }: DeadLetter, edited: Buffer): void {
  const textOf = (value: Buffer) => `${prettyJson(value.toString())}\n`;
  const before = valueBase64 === null ? '(no value)\n' : textOf(Buffer.from(valueBase64, 'base64'));
  const format = { context: 2, headerOptions: FILE_HEADERS_ONLY, timeout: DIFF_WITHIN_MS };
  const patch = createTwoFilesPatch(id, 'edited', before, textOf(edited), undefined, undefined, format);
  say(patch?.trimEnd() ?? 'too much differs to be shown');
}

function printDeadLetter(deadLetter: DeadLetterSummary): void {
  print(
    `${deadLetter.id}  ${deadLetter.state}${deadLetter.decision ? `  decision ${deadLetter.decision.decisionId}` : ''}`,
  );
}

function printProgress({ state, replayed, refused, failing, steered }: ReplayProgress): void {
  const refusals = Object.entries(refused).map(([code, count]) => `${count} ${code}`);
  print(`${state}  ${replayed} sent back${refusals.length > 0 ? `, refused: ${refusals.join(', ')}` : ''}`);
  if (failing !== undefined) print(`fails and is retried: ${failing}`);
  for (const { action, actor = 'somebody', reason, at } of steered)
    print(`${moment(at)}  ${action} by ${actor}${reason === undefined ? '' : `: ${reason}`}`);
}
