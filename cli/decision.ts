import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { ApiEndpoint, DataOf, RequestArgument, RequestTo } from '../client/endpoints';
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

type DecisionFields = 'decisionId' | 'reason' | 'dryRun';
/** The endpoints that take a decision. */
type DecisionEndpoint = {
  [At in ApiEndpoint]: RequestTo<At> extends { body: { decisionId: string } } ? At : never;
}[ApiEndpoint];
type BodyOf<At extends ApiEndpoint> = RequestTo<At> extends { body: infer Body } ? Body : never;

/** A decision of an operator, as one POST to the API. */
export type Decision<At extends DecisionEndpoint> = Omit<RequestTo<At>, 'body'> & {
  readonly body?: Omit<BodyOf<At>, DecisionFields>;
  /** What a dry run reports. */
  readonly preview: (result: DataOf<At>) => string;
  readonly print: (result: DataOf<At>) => void;
};

/** The options of a command that decides something. */
export function decides(command: Command): Command {
  return command
    .requiredOption('--reason <text>', 'why; it is kept with the decision')
    .option('--decision-id <id>', 'the same id twice is one decision; made up and printed if absent')
    .option('--dry-run', 'say what would happen, and change nothing')
    .option('--yes', 'do not ask');
}

/** Ends a script that would have to be asked, before anything else is done. */
export function refuseUnasked({ dryRun, yes }: Pick<DecisionOptions, 'dryRun' | 'yes'>): void {
  const canAsk = process.stdin.isTTY && process.stderr.isTTY;
  if (!dryRun && !yes && !canAsk)
    throw new CommandError(EXIT.usage, 'this can not be undone: add --yes, or --dry-run to see what it would do');
}

/** Has the API say what the decision would do, asks, takes it and shows the result; with `--yes` takes it at once. */
export async function decide<const At extends DecisionEndpoint>(
  options: DecisionOptions,
  endpoint: At,
  decision: Decision<At>,
): Promise<void> {
  refuseUnasked(options);
  const { reason, dryRun, yes, decisionId = randomUUID() } = options;
  const { params, body, preview, print } = decision;
  const api = await openApi();
  const send = (more: object) => {
    const request = { params, body: { ...body, reason, decisionId, ...more } };
    return api.call(endpoint, ...([request] as unknown as RequestArgument<At, object>));
  };
  if (!yes || dryRun) {
    const { data, isReplayed } = await send({ dryRun: true });
    say(isReplayed ? 'this was decided by this decision id before: nothing would change' : preview(data));
    if (dryRun) return options.json ? show(data, options, print) : undefined;
    await confirm();
  }
  if (options.decisionId === undefined) say(`decision id: ${decisionId}`);
  show((await send({})).data, options, print);
}

export async function confirm(): Promise<void> {
  const response = await ask('This can not be undone. Go on? [y/N] ');
  if (!/^y(es)?$/i.test(response.trim())) throw new CommandError(EXIT.failed, 'nothing was done');
}
