import { lastIdOf, mergeEntries } from './entries';

const entry = (id: number) => ({ id, at: '2026-11-28T09:00:00.000Z', type: 'status', data: {} });

test('entries that come again are there once, and in order', () => {
  const known = mergeEntries([], [entry(3), entry(1)]);
  expect(mergeEntries(known, [entry(3), entry(2), entry(2)]).map(({ id }) => id)).toEqual([1, 2, 3]);
});

test('nothing new is the same array, so that nothing is drawn again', () => {
  const known = [entry(1), entry(2)];
  expect(mergeEntries(known, [entry(2)])).toBe(known);
});

test('a stream resumes after the last entry, or from the beginning', () => {
  expect(lastIdOf([entry(4), entry(9)])).toBe(9);
  expect(lastIdOf([])).toBe(0);
});
