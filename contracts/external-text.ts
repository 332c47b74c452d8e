/** The one type of text that comes from outside: by HTTP, Kafka or a webhook, from customers, operators and other systems. */

import { z } from 'zod';
import { holdsCardNumber, isPhone, isStorable } from '../domain/external-text';
import { rule } from './language';

const STORABLE = rule(
  'must be text without U+0000 or halves of characters',
  'U+0000이나 반쪽짜리 문자가 없는 텍스트여야 합니다',
);
export const NO_CARD = rule(
  'must not hold a card number: send the token that the payment provider gave for it',
  '카드 번호를 넣을 수 없습니다. 결제사가 발급한 토큰을 보내 주세요',
);

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

/** A code that people choose: a product's SKU, a coupon's code. */
export const codeSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    rule(
      'must be 1 to 64 letters, digits, dots, dashes or underscores',
      '글자, 숫자, 점, 하이픈, 밑줄로 1자에서 64자여야 합니다',
    ),
  );

export const momentSchema = z.iso
  .datetime({
    offset: true,
    error: rule('must be an ISO 8601 time with its zone', '시간대를 포함한 ISO 8601 시각이어야 합니다'),
  })
  .max(64);
