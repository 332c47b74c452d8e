import { inWords, outcomeOf } from './goals';
import type { Row } from './row';

export interface BenchResult {
  readonly at: string;
  readonly seconds: number;
  readonly machine: {
    readonly cores: number;
    readonly cpu: string;
    readonly memoryGiB: number;
    readonly node: string;
    readonly loadBefore: number[];
    readonly loadAfter: number[];
  };
  readonly commit: string;
  readonly against: string | undefined;
  readonly layout: string;
  readonly parts: readonly { readonly name: string; readonly rows: readonly Row[]; readonly figures: unknown }[];
}

/** The figures, and then once more those with a goal beside it, for people. */
export function table({ parts, machine, commit, against, layout, seconds }: BenchResult): string {
  const load = (one: readonly number[]) => one.map((value) => value.toFixed(1)).join(' ');
  const goals = parts.flatMap(({ rows }) => rows).filter(({ goal, value }) => goal && value !== undefined);
  return [
    ...parts.flatMap(({ name, rows }) => ['', `${name}:`, ...aligned(rows.map((row) => [`  ${row.name}`, row.got]))]),
    '',
    'goals:',
    ...aligned(
      goals.map(({ name, got, value = Number.NaN, goal }) =>
        goal ? [`  ${name.trim()}`, got, inWords(goal), outcomeOf(value, goal)] : [],
      ),
    ),
    '',
    `commit ${commit}${against ? `, the other ${against}` : ''}; ${LAYOUTS_IN_WORDS[layout]}; ${machine.cores} cores of ${machine.cpu}, ` +
      `${machine.memoryGiB} GiB, Node ${machine.node}, load ${load(machine.loadBefore)} before, ${load(machine.loadAfter)} after; ${seconds} s`,
  ].join('\n');
}

const LAYOUTS_IN_WORDS: Readonly<Record<string, string>> = {
  one: 'all roles in one process',
  two: 'api and relay in one process, bridge and worker in another',
  each: 'each role in a process of its own',
};

/** Columns below each other, as wide as their longest text, up to a limit. */
function aligned(lines: readonly (readonly string[])[]): string[] {
  const width = (column: number) => Math.min(WIDEST, Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines.map((line) =>
    line
      .map((text, column) => text.padEnd(width(column)))
      .join('  ')
      .trimEnd(),
  );
}

const WIDEST = 70;
