import type { RowResult } from './row';

/** A row of the table, as it is printed. */
const COLUMNS: readonly [string, (row: RowResult) => string][] = [
  ['fault', ({ name }) => name],
  ['injected', ({ injections, asked }) => `${injections.length}/${asked}`],
  ['orders', ({ orders }) => String(orders)],
  ['invariants', ({ invariants }) => invariants.join(' ')],
  ['settled after', ({ settledSeconds }) => `${settledSeconds.toFixed(1)} s`],
  ['took', ({ seconds }) => `${seconds.toFixed(0)} s`],
  ['per fault', ({ seconds, injections }) => `${(seconds / Math.max(1, injections.length)).toFixed(1)} s`],
  ['holds', ({ violations }) => (violations.length === 0 ? 'yes' : `NO: ${violations.length}`)],
];

export function table(results: readonly RowResult[]): string {
  const lines = [COLUMNS.map(([title]) => title), ...results.map((row) => COLUMNS.map(([, show]) => show(row)))];
  const widths = COLUMNS.map((_, index) => Math.max(...lines.map((line) => (line[index] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** How orders ended, and what broke an invariant, with how to see it again. */
export function details({ name, seed, asked, outcomes, violations, notes }: RowResult): string {
  const ends = Object.entries(outcomes).map(([status, count]) => `${count} ${status}`);
  const again = `npm run test:faults -- --only ${name} --times ${asked} --seed ${seed}`;
  return [
    `${name}: ${ends.join(', ')}`,
    ...notes,
    ...violations,
    ...(violations.length > 0 ? [`again: ${again}`] : []),
  ].join('\n  ');
}
