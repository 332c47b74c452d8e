import type { Db } from './connection';
import { RelayWakeups } from './relay-wakeups';

describe('wake-ups of the relay', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  function woken(raw: () => Promise<unknown>) {
    const statement = jest.fn(raw);
    return { statement, relay: new RelayWakeups({ raw: statement } as unknown as Db) };
  }

  test('the first is at once, and all that follow it closely are one', async () => {
    const { statement, relay } = woken(() => Promise.resolve());
    relay.wake();
    expect(statement).toHaveBeenCalledTimes(1);
    for (let commit = 0; commit < 100; commit += 1) relay.wake();
    expect(statement).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(statement).toHaveBeenCalledTimes(2);
    relay.wake();
    expect(statement).toHaveBeenCalledTimes(3);
  });

  test('a commit during a slow one is not forgotten', async () => {
    let end: () => void = () => undefined;
    const { statement, relay } = woken(
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    relay.wake();
    await jest.advanceTimersByTimeAsync(1_000);
    relay.wake();
    end();
    await jest.advanceTimersByTimeAsync(0);
    expect(statement).toHaveBeenCalledTimes(2);
  });

  test('one that fails is followed by the next', async () => {
    const { statement, relay } = woken(() => Promise.reject(new Error('no database')));
    relay.wake();
    relay.wake();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(statement).toHaveBeenCalledTimes(2);
  });
});
