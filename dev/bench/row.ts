import { median, type Spread } from './figures';
import type { HttpFigures } from './http-load';

/** A line of the report. */
export interface Row {
  readonly name: string;
  readonly got: string;
  readonly aim?: string;
  /** Whether the aim is met; undefined: there is none. */
  readonly isMet?: boolean;
}

/** The median, and what it is the median of. */
export function medianOf(values: readonly number[], digits: number): string {
  const all = values.map((value) => value.toFixed(digits)).join(', ');
  return `${median(values).toFixed(digits)}${values.length > 1 ? ` (${all})` : ''}`;
}

export const ms = ({ p50, p99 }: Spread) => `p50 ${p50.toFixed(1)} ms  p99 ${p99.toFixed(1)} ms`;
export const http = (figures: HttpFigures) => `${figures.perSecond.toFixed(0)}/s  ${ms(figures.ms)}`;

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
