import { lineDiff } from './line-diff';

describe('what has changed between two texts', () => {
  test.each([
    ['nothing', 'a\nb', 'a\nb', ['…']],
    ['a line changed', 'a\nb\nc', 'a\nB\nc', [' a', '-b', '+B', ' c']],
    ['lines added at the end', 'a', 'a\nb\nc', [' a', '+b', '+c']],
    ['lines gone from the start', 'a\nb\nc', 'c', ['-a', '-b', ' c']],
    ['everything', 'a\nb', 'c', ['-a', '-b', '+c']],
    ['two places, kept lines between', 'a\nx\ny\nb', 'A\nx\ny\nB', ['-a', '+A', ' x', ' y', '-b', '+B']],
  ])('%s', (_what, before, after, wanted) => {
    expect(lineDiff(before, after)).toEqual(wanted);
  });

  test('only the lines around a change are shown', () => {
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
    const after = lines.with(50, 'changed');
    expect(lineDiff(lines.join('\n'), after.join('\n'), 1)).toEqual([
      '…',
      ' line 49',
      '-line 50',
      '+changed',
      ' line 51',
      '…',
    ]);
  });

  test('what is too long to be compared is gone and new', () => {
    const text = (word: string) => Array.from({ length: 3_000 }, (_, index) => `${word} ${index}`).join('\n');
    const changes = lineDiff(text('old'), text('new'));
    expect(changes).toHaveLength(6_000);
    expect([changes[0], changes[5_999]]).toEqual(['-old 0', '+new 2999']);
  });
});
