import { replayDeadLetterSchema } from './dead-letter-operations';

const TAKEN_BYTES = 1_048_576;

describe('a value sent instead of a dead letter’s', () => {
  const takes = (command: { value?: string; valueBase64?: string }) =>
    replayDeadLetterSchema.safeParse({ decisionId: 'd-1', reason: 'mended', ...command }).success;
  const base64 = (bytes: number) => Buffer.alloc(bytes).toString('base64');

  test.each([
    ['ASCII', 'x'.repeat(TAKEN_BYTES)],
    ['Hangul', '한'.repeat(Math.floor(TAKEN_BYTES / 3))],
  ])('has as many bytes as a broker takes, and not one more: %s', (_what, largest) => {
    expect(takes({ value: largest })).toBe(true);
    expect(takes({ value: `${largest}xx` })).toBe(false);
  });

  test('has as many in Base64', () => {
    expect(takes({ valueBase64: base64(TAKEN_BYTES) })).toBe(true);
    expect(takes({ valueBase64: base64(TAKEN_BYTES + 1) })).toBe(false);
  });

  test('is one of the two', () => {
    expect(takes({ value: 'x', valueBase64: base64(1) })).toBe(false);
  });
});
