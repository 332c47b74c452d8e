import { styleText } from 'node:util';
import type { OrderStatus } from '../../domain/order-status';

type Style = Parameters<typeof styleText>[0];

const hasColour = process.stdout.isTTY && process.stdout.hasColors();
const startedAt = Date.now();
let isMuted = false;

export const styled = (style: Style, text: string): string => (hasColour ? styleText(style, text) : text);

const GOOD = ['PREPARING', 'IN_WAREHOUSE', 'COMPLETED', 'REFUNDED', 'ISSUED', 'ok'] satisfies (OrderStatus | string)[];
const BAD = ['CANCELLED', 'NEEDS_OPERATOR', 'FAILED', 'UNDO_FAILED', 'NO'] satisfies (OrderStatus | string)[];

/** Paints the statuses in a text: green where things went well, red where they did not. */
export function painted(text: string): string {
  const paint = (words: readonly string[], style: Style, plain: string) =>
    plain.replaceAll(new RegExp(String.raw`\b(${words.join('|')})\b`, 'g'), (word) => styled(style, word));
  return paint(BAD, 'red', paint(GOOD, 'green', text));
}

export const secondsSinceStart = () => (Date.now() - startedAt) / 1000;

export function heading(text: string): void {
  console.log(`\n${styled('bold', text)}`);
}

/** A line of set-up. */
export function detail(text: string): void {
  console.log(styled('gray', `  ${text}`));
}

/** What a person or a provider does. */
export function action(subject: string, text: string): void {
  result(subject, styled('cyan', `→ ${text}`));
}

/** What follows, with the seconds since the start. */
export function result(subject: string, text: string): void {
  if (isMuted) return;
  const time = styled('gray', `${secondsSinceStart().toFixed(1).padStart(6)} s`);
  console.log(`${time}  ${styled('bold', subject.padEnd(11))} ${painted(text)}`);
}

/** What is interrupted ends without a word. */
export function mute(): void {
  isMuted = true;
}
