import { styled } from './narrator';

/** Prints rows under a head, in columns as wide as they need to be; `paint` colours cells of some columns. */
export function printRows(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Readonly<Record<string, (text: string) => string>>,
): void {
  const widths = head.map((title, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? title).length)));
  const padded = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
  console.log(`\n${styled('bold', padded(head).join('  ').trimEnd())}`);
  console.log(styled('gray', widths.map((width) => '─'.repeat(width)).join('  ')));
  for (const row of rows) {
    const cells = row.map((text, column) => {
      const painted = paint[head[column] ?? '']?.(text) ?? text;
      return painted + ' '.repeat((widths[column] ?? 0) - text.length);
    });
    console.log(cells.join('  ').trimEnd());
  }
}
