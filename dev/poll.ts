import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;

/** Asks until the result satisfies or the time is over, and returns the last result. */
export async function poll<Result>(
  ask: () => Promise<Result>,
  isEnough: (result: Result) => boolean,
  timeoutMs: number,
): Promise<Result> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const result = await ask();
    if (isEnough(result) || Date.now() > deadline) return result;
    await sleep(POLL_MS);
  }
}
