/** The one type of text that comes from outside: by HTTP, Kafka or a webhook, from customers, operators and other systems. */
import { z } from 'zod';
import { holdsCardNumber, isStorable } from '../domain/external-text';

const STORABLE = 'must be text without U+0000 or halves of characters';
const NO_CARD = 'must not hold a card number: send the token that the payment provider gave for it';

/** Phone numbers have 15 digits at most (E.164): only what is longer can be a card's. */
const LONGER_THAN_PHONES = 16;
const SHORTEST_CARD = 13;

interface Bounds {
  /** Default 1. */
  readonly min?: number;
  readonly max: number;
}

/** Names, numbers and codes that machines give: any digits may be in them. */
export function externalId({ min = 1, max }: Bounds): z.ZodString {
  return z.string().min(min).max(max).refine(isStorable, STORABLE);
}

/** What people write, or a form on their behalf: no card number gets further than here. */
export function externalText(bounds: Bounds): z.ZodString {
  return written(bounds, SHORTEST_CARD);
}

export function externalPhone(bounds: Bounds): z.ZodString {
  return written(bounds, LONGER_THAN_PHONES);
}

function written({ min = 1, max }: Bounds, cardDigits: number): z.ZodString {
  return z
    .string()
    .trim()
    .min(min)
    .max(max)
    .refine(isStorable, STORABLE)
    .refine((text) => !holdsCardNumber(text, cardDigits), NO_CARD);
}
