import { isAsItMust, type RowResult } from './row';

/** A row of the table, as it is printed. */
const COLUMNS: readonly [string, (row: RowResult) => string][] = [
  ['fault', ({ name }) => name],
  ['injected', ({ injections, asked }) => `${injections.length}/${asked}`],
  ['orders', ({ orders }) => String(orders)],
  ['invariants', ({ invariants }) => invariants.join(' ')],
  ['settled after', ({ settledSeconds }) => `${settledSeconds.toFixed(1)} s`],
  ['took', ({ seconds }) => `${seconds.toFixed(0)} s`],
  ['per fault', ({ seconds, injections }) => `${(seconds / Math.max(1, injections.length)).toFixed(1)} s`],
  ['result', resultOf],
];

function resultOf(row: RowResult): string {
  const { isBroken, violations } = row;
  if (isBroken) return isAsItMust(row) ? `broken, and seen: ${violations.length}` : 'BROKEN, AND NOT SEEN';
  return isAsItMust(row) ? 'holds' : `VIOLATED: ${violations.length}`;
}

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
export function details(row: RowResult): string {
  const { name, seed, asked, outcomes, violations, notes } = row;
  const ends = Object.entries(outcomes).map(([status, count]) => `${count} ${status}`);
  const again = `npm run test:faults -- --only ${name} --times ${asked} --seed ${seed}`;
  return [`${name}: ${ends.join(', ')}`, ...notes, ...violations, ...(isAsItMust(row) ? [] : [`again: ${again}`])].join(
    '\n  ',
  );
}
