import type { CpuPerOrder } from './cpu';
import { median, type Spread } from './figures';
import type { Goal } from './goals';
import type { HttpFigures } from './http-load';

/** A line of the report. */
export interface Row {
  readonly name: string;
  readonly got: string;
  /** Of a row with a goal: what is compared with it. */
  readonly value?: number;
  readonly goal?: Goal;
}

/** The median, and what it is the median of. */
function medianOf(values: readonly number[], digits: number): string {
  const all = values.map((value) => value.toFixed(digits)).join(', ');
  return `${median(values).toFixed(digits)}${values.length > 1 ? ` (${all})` : ''}`;
}

export const medianRow = (name: string, values: readonly number[], digits: number, goal?: Goal): Row => ({
  name,
  got: medianOf(values, digits),
  value: median(values),
  ...(goal ? { goal } : {}),
});

/** The middle value is compared with the goal. */
export const spreadRow = (name: string, spread: Spread, goal?: Goal): Row => ({
  name,
  got: ms(spread),
  value: spread.p50,
  ...(goal ? { goal } : {}),
});

/** CPU of an order: in all, by process and by thread; the medians of the rounds. */
export function cpuRows(name: string, rounds: readonly (CpuPerOrder | undefined)[]): Row[] {
  const known = rounds.filter((round) => round !== undefined);
  const [first] = known;
  if (!first) return [];
  const parts = (pick: (round: CpuPerOrder) => Readonly<Record<string, number>>) =>
    Object.keys(pick(first))
      .map((key) => ({ key, ms: median(known.map((round) => pick(round)[key] ?? 0)) }))
      .sort((a, b) => b.ms - a.ms)
      .map((part) => `${part.key} ${part.ms.toFixed(1)}`)
      .join(', ');
  return [
    medianRow(
      `${name}, ms`,
      known.map(({ totalMs }) => totalMs),
      1,
    ),
    { name: '  by process', got: parts(({ processesMs }) => processesMs) },
    { name: '  roles and sandbox by thread', got: parts(({ threadsMs }) => threadsMs) },
  ];
}

export const ms = ({ p50, p99 }: Spread) => `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
export const http = (figures: HttpFigures) => `${figures.perSecond.toFixed(0)}/s, ${ms(figures.ms)}`;

/** The medians of the rounds. */
export const spreadOf = (rounds: readonly Spread[]): Spread => ({
  p50: median(rounds.map(({ p50 }) => p50)),
  p99: median(rounds.map(({ p99 }) => p99)),
  count: rounds.reduce((sum, { count }) => sum + count, 0),
});

export const middleOf = (rounds: readonly HttpFigures[]): HttpFigures => ({
  perSecond: median(rounds.map(({ perSecond }) => perSecond)),
  ms: spreadOf(rounds.map((round) => round.ms)),
});
