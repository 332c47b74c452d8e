import { holdsCardNumber, isStorable } from './external-text';

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
  ])('holds none: %s', (text) => {
    expect(holdsCardNumber(text)).toBe(false);
  });
  it('takes no phone number for a card: those have 15 digits at most', () => {
    expect(holdsCardNumber('+378282246310005', 16)).toBe(false);
    expect(holdsCardNumber('4111 1111 1111 1111', 16)).toBe(true);
  });
});
