/** Writes to stderr: everything that is not data. */
export function say(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}

/** Writes data to stdout; an empty text is no line. */
export function print(text: string): void {
  if (text !== '') process.stdout.write(`${printable(text)}\n`);
}

export function printJson(data: unknown): void {
  process.stdout.write(`${jsonText(data, 2)}\n`);
}

/** One line, for data that come one after the other. */
export function printJsonLine(data: unknown): void {
  process.stdout.write(`${jsonText(data)}\n`);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are what it removes
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Text of other systems must not control the terminal. */
export function printable(text: string): string {
  return text.replaceAll(CONTROLS, '·');
}

/** JSON is data: every character is kept, and one that controls a terminal is escaped. */
export function jsonText(data: unknown, indent?: number): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(data, undefined, indent).replaceAll(CONTROLS, escaped);
}

export type Cell = string | number | null | undefined;

/** Rows under a head, in columns as wide as they need to be; without rows, nothing. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return '';
  const cells = [head, ...rows].map((row) => row.map((cell) => String(cell ?? '').replaceAll(/\s+/g, ' ')));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => width(row[column] ?? ''))));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A line for each fact that is known, its name first. */
export function facts(named: readonly (readonly [name: string, value: Cell])[]): string {
  return named
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([name, value]) => `${name.padEnd(10)}${value}`)
    .join('\n');
}

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/;

/** Columns of a terminal that a text takes: Hangul and the like take two. */
function width(text: string): number {
  return [...text].reduce((sum, character) => sum + (WIDE.test(character) ? 2 : 1), 0);
}

export function shortened(text: string | null | undefined, length: number): string {
  const line = (text ?? '').replaceAll(/\s+/g, ' ');
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}

/** `2026-11-21 18:31:28Z`. */
export function moment(iso: string | null | undefined): string {
  return iso ? `${iso.slice(0, 19).replace('T', ' ')}Z` : '';
}

export function amount(value: number, currency: string): string {
  return `${value.toLocaleString('en-US')} ${currency}`;
}
