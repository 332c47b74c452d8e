import { randomUUID } from 'node:crypto';
import { holdsCardNumber, isPhone, isStorable } from './external-text';

describe('text from outside', () => {
  it.each(['', 'Kim', '김민지', '😀', 'a\tb\nc'])('can be kept: %j', (text) => {
    expect(isStorable(text)).toBe(true);
  });
  it.each(['a\u0000b', '\ud800', 'a\udc00b', '\ude00\ud83d'])('can not be kept: %j', (text) => {
    expect(isStorable(text)).toBe(false);
  });

  it.each([
    '4111111111111111',
    '4111 1111 1111 1111',
    'card 5555-5555-5555-4444, exp 12/30',
    '378282246310005',
    '2223003122003222',
    '04524 4111 1111 1111 1111',
    '4111111111111111 010 1234 5678',
    '４１１１１１１１１１１１１１１１',
    '４１１１－１１１１－１１１１－１１１１',
    '4111.1111.1111.1111',
    '4111\u00a01111\u00a01111\u00a01111',
    '4111\u20111111\u20131111\u20141111',
    '4111 - 1111 - 1111 - 1111',
    '4111\u200b1111\u200b1111\u200b1111',
    '4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1',
    '카드 4111111111111111입니다',
    'tok_4111111111111111',
    '"card":"4111111111111111"',
    '6011111111111117',
    '3530111333300000',
    '30569309025904',
    '6200000000000005',
    '6759649826438453',
    '2200000000000053',
    '9410000000000005',
    '4000000000000000006',
  ])('holds a card number: %s', (text) => {
    expect(holdsCardNumber(text)).toBe(true);
  });
  it.each([
    'tok_visa',
    'pm_1MqLiJLkdIwHu7ixUEgbFdYF',
    '4111111111111112',
    '010-1234-5678',
    '1764271318000',
    '1780000000000000006',
    'Sejong-daero 110, 04524 Seoul',
    '3f1c5a2e-6a57-4b5f-9d5b-4d5f0c9b7a10',
    // Each holds the digits of a card's, as part of what a machine made.
    '41111111-1111-4111-8111-111111111111',
    'paid by pm_a4111111111111111',
    'sha256 9f4111111111111111ab77',
    'see 4111111111111111e of the log',
    '00004111111111111111',
    '41111111111111110000',
    '192.168.100.200:5432',
    '2026-11-27 14:38:50.123456',
    'call +49 1512 3456787',
    '1000000000000008',
    '5000000000000',
  ])('holds none: %s', (text) => {
    expect(holdsCardNumber(text)).toBe(false);
  });
  it('takes few of the ids that machines make for one', () => {
    const digits = (count: number, base: number) =>
      Array.from({ length: count }, () => Math.floor(Math.random() * base).toString(base)).join('');
    const rest = (make: () => string) => Array.from({ length: 2_000 }, make).filter((text) => holdsCardNumber(text));
    expect(rest(randomUUID)).toEqual([]);
    expect(rest(() => `failed: ${digits(40, 16)}`).length).toBeLessThan(5);
    expect(rest(() => `${digits(8, 16)}-${digits(8, 16)}-${digits(8, 16)}`).length).toBeLessThan(12);
    // Snowflakes, and nanoseconds since 1970.
    expect(rest(() => `17${digits(17, 10)}`)).toEqual([]);
  });
  it('is found in time, however long the text is', () => {
    const card = ' 4111-1111-1111-1111';
    for (const part of ['4', '4 ', '4-a', 'a4', 'x', '４.', '4\u200b', '+', '- ', '한']) {
      const long = part.repeat(1_000_000 / part.length);
      expect([part, holdsCardNumber(`${long}x`), holdsCardNumber(`${long}x${card}`)]).toEqual([part, false, true]);
    }
  });
  it('takes no phone number for a card: those have 15 digits at most', () => {
    expect(holdsCardNumber('call 378282246310005')).toBe(true);
    expect(holdsCardNumber('call +378282246310005')).toBe(false);
    expect(isPhone('378282246310005')).toBe(true);
    expect(isPhone('4111 1111 1111 1111')).toBe(false);
    expect(isPhone('+4111 1111 1111 1111')).toBe(false);
  });
});
