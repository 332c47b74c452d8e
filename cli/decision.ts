import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { Api } from './api';
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

/** The options of a command that decides something. */
export function decides(command: Command): Command {
  return command
    .requiredOption('--reason <text>', 'why; it is kept with the decision')
    .option('--decision-id <id>', 'the same id twice is one decision; made up and printed if absent')
    .option('--dry-run', 'say what would happen, and change nothing')
    .option('--yes', 'do not ask');
}

const canAsk = () => Boolean(process.stdin.isTTY && process.stderr.isTTY);

/** Ends a script that would have to be asked, before anything else is done. */
export function refuseUnasked({ dryRun, yes }: DecisionOptions): void {
  if (!dryRun && !yes && !canAsk())
    throw new CommandError(EXIT.usage, 'this can not be undone: add --yes, or --dry-run to see what it would do');
}

/** Has the API say what the decision would do, asks, and takes it; with `--yes` takes it at once. */
export async function decide<Answer>(
  api: Api,
  path: string,
  { reason, dryRun, yes, ...options }: DecisionOptions,
  command: object,
  whatWouldHappen: (answer: Answer) => string,
): Promise<Answer> {
  const decisionId = options.decisionId ?? randomUUID();
  const body = { ...command, reason, decisionId };
  if (!yes || dryRun) {
    const { data, isRepeated } = await api.post<Answer>(path, { ...body, dryRun: true });
    say(isRepeated ? 'this was decided by this decision id before: nothing would change' : whatWouldHappen(data));
    if (dryRun) return data;
    await confirm();
  }
  if (options.decisionId === undefined) say(`decision id: ${decisionId}`);
  return (await api.post<Answer>(path, body)).data;
}

/** Shows what came of a decision; what a dry run would do has been said. */
export function showDecided<Data>(data: Data, options: DecisionOptions, asText: (data: Data) => void): void {
  if (options.json || !options.dryRun) show(data, options, asText);
}

async function confirm(): Promise<void> {
  const answer = await ask('This can not be undone. Go on? [y/N] ');
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError(EXIT.failed, 'nothing was done');
}
