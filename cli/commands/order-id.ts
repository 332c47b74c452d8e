import { CommandError, EXIT } from '../command-error';

/** An order's id as people type it. */
export function orderIdOf(text: string): number {
  if (!/^[1-9]\d{0,15}$/.test(text)) throw new CommandError(EXIT.usage, `not an order id: ${text}`);
  return Number(text);
}
