import { holdsCardNumber } from '../../domain/external-text';

/** A number of a card that no other test writes. */
export function aCardNumber(): string {
  const body = `4${String(Math.random()).slice(2).padEnd(14, '7').slice(0, 14)}`;
  const numbers = Array.from({ length: 10 }, (_, last) => `${body}${last}`);
  return numbers.find((number) => holdsCardNumber(number)) as string;
}
