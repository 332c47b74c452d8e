import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { deadline } from './deadline';

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('a deadline', () => {
  const aborted = (signal: AbortSignal) =>
    new Promise<unknown>((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)));

  test('comes also when garbage was collected before', async () => {
    const caller = new AbortController();
    const signal = deadline(100, caller.signal);
    const reason = aborted(signal);
    // A deadline does not keep the process alive by itself.
    const alive = setInterval(collectGarbage, 10);
    expect(await reason).toMatchObject({ name: 'TimeoutError' });
    clearInterval(alive);
  });

  test('ends with the signal of the caller, and needs none', () => {
    const caller = new AbortController();
    const signal = deadline(60_000, undefined, caller.signal);
    caller.abort(new Error('by the caller'));
    expect(signal.reason).toEqual(new Error('by the caller'));
    expect(deadline(60_000).aborted).toBe(false);
  });
});
