import type { Db } from './connection';
import { RelayWakeups } from './relay-wakeups';

describe('wake-ups of the relay', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  function woken(raw: () => Promise<unknown> = () => Promise.resolve()) {
    const statement = jest.fn(raw);
    const relay = new RelayWakeups({ raw: statement } as unknown as Db);
    const notified: boolean[] = [];
    const commit = () =>
      relay.during((notifies) => {
        notified.push(notifies);
        return Promise.resolve('done');
      });
    return { statement, relay, notified, commit };
  }

  test('the first commit notifies by itself, and all that follow it closely share one notification', async () => {
    const { statement, notified, commit } = woken();
    expect(await commit()).toBe('done');
    for (let index = 0; index < 100; index += 1) await commit();
    expect(notified).toEqual([true, ...Array<boolean>(100).fill(false)]);
    expect(statement).toHaveBeenCalledTimes(0);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(statement).toHaveBeenCalledTimes(1);
    await commit();
    expect(notified.at(-1)).toBe(true);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(statement).toHaveBeenCalledTimes(1);
  });

  test('a commit that outlasts the wake-up before it is notified at once', async () => {
    const { statement, relay, commit } = woken();
    await commit();
    let end: () => void = () => undefined;
    const slow = relay.during(
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    await jest.advanceTimersByTimeAsync(1_000);
    expect(statement).toHaveBeenCalledTimes(0);
    end();
    await slow;
    expect(statement).toHaveBeenCalledTimes(1);
  });

  test('one that fails is its own caller’s trouble, and the next is notified', async () => {
    const { statement, relay, commit } = woken(() => Promise.reject(new Error('no database')));
    await expect(relay.during(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    await commit();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(statement).toHaveBeenCalledTimes(1);
    await commit();
  });
});
