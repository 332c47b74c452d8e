/** The one type of text that comes from outside: by HTTP, Kafka or a webhook, from customers, operators and other systems. */
import { z } from 'zod';
import { holdsCardNumber, isPhone, isStorable } from '../domain/external-text';

const STORABLE = 'must be text without U+0000 or halves of characters';
export const NO_CARD = 'must not hold a card number: send the token that the payment provider gave for it';

interface Bounds {
  /** Default 1. */
  readonly min?: number;
  readonly max: number;
}

/** Names, numbers and codes that machines make: any digits may be in them. */
export function externalId({ min = 1, max }: Bounds): z.ZodString {
  return z.string().min(min).max(max).refine(isStorable, STORABLE);
}

/** Text that people write: it must not hold a card number. */
export function externalText(bounds: Bounds): z.ZodString {
  return written(bounds).refine((text) => !holdsCardNumber(text), NO_CARD);
}

export function externalPhone(bounds: Bounds): z.ZodString {
  return written(bounds).refine(isPhone, NO_CARD);
}

function written({ min = 1, max }: Bounds): z.ZodString {
  return z.string().trim().min(min).max(max).refine(isStorable, STORABLE);
}
