import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { ApiRequest } from '../api/client';
import { openApi } from './access';
import { type JsonOption, show } from './command';
import { CommandError, EXIT } from './command-error';
import { say } from './output';
import { ask } from './question';

export interface DecisionOptions extends JsonOption {
  readonly reason: string;
  readonly decisionId?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** A decision of an operator, as one POST to the API. */
export interface Decision<Result> {
  readonly endpoint: string;
  readonly params?: ApiRequest['params'];
  /** Beside the reason and the decision id. */
  readonly body?: object;
  /** What a dry run reports. */
  readonly preview: (result: Result) => string;
  readonly print: (result: Result) => void;
}

/** The options of a command that decides something. */
export function decides(command: Command): Command {
  return command
    .requiredOption('--reason <text>', 'why; it is kept with the decision')
    .option('--decision-id <id>', 'the same id twice is one decision; made up and printed if absent')
    .option('--dry-run', 'say what would happen, and change nothing')
    .option('--yes', 'do not ask');
}

/** Ends a script that would have to be asked, before anything else is done. */
export function refuseUnasked({ dryRun, yes }: DecisionOptions): void {
  const canAsk = process.stdin.isTTY && process.stderr.isTTY;
  if (!dryRun && !yes && !canAsk)
    throw new CommandError(EXIT.usage, 'this can not be undone: add --yes, or --dry-run to see what it would do');
}

/** Has the API say what the decision would do, asks, takes it and shows the result; with `--yes` takes it at once. */
export async function decide<Result>(options: DecisionOptions, decision: Decision<Result>): Promise<void> {
  refuseUnasked(options);
  const { reason, dryRun, yes, decisionId = randomUUID() } = options;
  const { endpoint, params, body, preview, print } = decision;
  const api = await openApi();
  const send = (more: object) => api.call<Result>(endpoint, { params, body: { ...body, reason, decisionId, ...more } });
  if (!yes || dryRun) {
    const { data, isReplayed } = await send({ dryRun: true });
    say(isReplayed ? 'this was decided by this decision id before: nothing would change' : preview(data));
    if (dryRun) return options.json ? show(data, options, print) : undefined;
    await confirm();
  }
  if (options.decisionId === undefined) say(`decision id: ${decisionId}`);
  show((await send({})).data, options, print);
}

async function confirm(): Promise<void> {
  const response = await ask('This can not be undone. Go on? [y/N] ');
  if (!/^y(es)?$/i.test(response.trim())) throw new CommandError(EXIT.failed, 'nothing was done');
}
