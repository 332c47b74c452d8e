import { Batches } from './batches';

describe('items that are worked on together', () => {
  /** Batches end when the test lets them; an item below 0 is refused, and 0 breaks the connection. */
  function doubling() {
    const batches: (readonly number[])[] = [];
    const ends: (() => void)[] = [];
    const all = new Batches<number, number>(async (items) => {
      batches.push(items);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (items.includes(0)) throw new Error('connection lost');
      if (items.some((item) => item < 0)) throw Object.assign(new Error('below 0'), { code: '23514' });
      return items.map((item) => item * 2);
    });
    const endAll = async () => {
      for (let end = ends.shift(); end; end = ends.shift()) {
        end();
        await new Promise(setImmediate);
      }
    };
    return { all, batches, endAll };
  }

  it('go at once where there is no other, and together where one is under way', async () => {
    const { all, batches, endAll } = doubling();
    const results = [1, 2, 3].map((item) => all.add(item));
    await endAll();
    expect(await Promise.all(results)).toEqual([2, 4, 6]);
    expect(batches).toEqual([[1], [2, 3]]);
  });

  it('are refused alone', async () => {
    const { all, batches, endAll } = doubling();
    const results = Promise.allSettled([1, 2, -3, 4].map((item) => all.add(item)));
    await endAll();
    expect((await results).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(batches).toEqual([[1], [2, -3, 4], [2], [-3], [4]]);
  });

  it('fail together where it is due to none of them', async () => {
    const { all, batches, endAll } = doubling();
    const results = Promise.allSettled([1, 2, 0].map((item) => all.add(item)));
    await endAll();
    expect((await results).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(batches).toEqual([[1], [2, 0]]);
  });

  it('are taken up again after all have ended', async () => {
    const { all, endAll } = doubling();
    const first = all.add(1);
    await endAll();
    await first;
    const second = all.add(2);
    await endAll();
    expect(await second).toBe(4);
  });
});
