import { setTimeout as sleep } from 'node:timers/promises';
import { FinishedPrefix, inKeyOrder } from './key-order';

describe('the finished prefix', () => {
  it('ends before the first record that is not finished, however many after it are', () => {
    const prefix = new FinishedPrefix(['10', '11', '15', '16']);
    prefix.finish(1);
    prefix.finish(3);
    expect(prefix.advance()).toBeUndefined();
    prefix.finish(0);
    expect(prefix.advance()).toBe('11');
    expect(prefix.advance()).toBeUndefined();
    prefix.finish(2);
    expect(prefix.advance()).toBe('16');
  });
});

describe('work in key order', () => {
  const items = Array.from({ length: 60 }, (_, index) => ({ key: `k${index % 6}`, index }));

  it('never has two of one key in hand, nor more keys than allowed, and ends with all done in order', async () => {
    const inHand = new Set<string>();
    const done: { key: string; index: number }[] = [];
    let most = 0;
    await inKeyOrder(items, {
      keyOf: ({ key }) => key,
      keysAtOnce: 4,
      isOver: () => false,
      work: async (item) => {
        expect(inHand.has(item.key)).toBe(false);
        inHand.add(item.key);
        most = Math.max(most, inHand.size);
        await sleep(item.index % 3);
        inHand.delete(item.key);
        done.push(item);
      },
    });
    expect(most).toBe(4);
    expect(done).toHaveLength(items.length);
    for (const key of new Set(items.map((item) => item.key))) {
      const order = done.filter((item) => item.key === key).map((item) => item.index);
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }
  });

  it('begins nothing more once it is over, and waits for what was begun', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    let isOver = false;
    await inKeyOrder(items, {
      keyOf: ({ key }) => key,
      keysAtOnce: 2,
      isOver: () => isOver,
      work: async ({ index }) => {
        begun.push(index);
        await sleep(1);
        if (index === 1) isOver = true;
        ended.push(index);
      },
    });
    expect(begun.length).toBeLessThan(5);
    expect(ended.sort()).toEqual(begun.sort());
  });

  it('is sequential for one key at once', async () => {
    const done: number[] = [];
    await inKeyOrder(items, {
      keyOf: ({ key }) => key,
      keysAtOnce: 1,
      isOver: () => false,
      work: async ({ index }) => {
        await sleep(0);
        done.push(index);
      },
    });
    expect(done).toHaveLength(60);
  });
});
