import type { Redis } from 'ioredis';

/** After a failure Redis is left alone for this long: no other caller waits for its timeout. */
const LEFT_ALONE_MS = 500;

const leftAloneUntil = new WeakMap<Redis, number>();

/** Asks Redis where it responds; undefined: it is unavailable, or has failed a moment ago, for any caller. */
export async function ifThere<Client extends Redis, Result>(
  redis: Client | undefined,
  ask: (redis: Client) => Promise<Result>,
): Promise<Result | undefined> {
  if (redis?.status !== 'ready' || performance.now() < (leftAloneUntil.get(redis) ?? 0)) return undefined;
  try {
    return await ask(redis);
  } catch {
    leftAloneUntil.set(redis, performance.now() + LEFT_ALONE_MS);
    return undefined;
  }
}
