import { type Command, type CommandOptions, InvalidArgumentError } from 'commander';
import { printJson } from './output';

export interface JsonOption {
  readonly json?: boolean;
}

/** A command with `--json` and examples under its help. */
export function command(
  parent: Command,
  usage: string,
  summary: string,
  examples: readonly string[],
  options: CommandOptions = {},
): Command {
  const full = [...namesUpTo(parent), usage.split(' ')[0]].join(' ');
  return parent
    .command(usage, options)
    .description(summary)
    .option('--json', 'print JSON')
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  ${full} ${example}`.trimEnd()).join('\n')}`);
}

function namesUpTo(command: Command): string[] {
  return [...(command.parent ? namesUpTo(command.parent) : []), command.name()];
}

/** Prints the data as JSON with `--json`, else as text. */
export function show<Data>(data: Data, { json }: JsonOption, asText: (data: Data) => void): void {
  if (json) printJson(data);
  else asText(data);
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `30m`, `2h` or `7d` ago, as a time. */
export function ago(text: string): string {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (!count || !unit) throw new InvalidArgumentError('It must be a duration such as 90s, 30m, 2h or 7d.');
  return new Date(Date.now() - Number(count) * (UNIT_MS[unit] ?? 0)).toISOString();
}
