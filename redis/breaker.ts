import type { Redis } from 'ioredis';

/** After a failure Redis is left alone for this long: nobody else waits for its time-out. */
const LEFT_ALONE_MS = 500;

/** Asks Redis where it answers, and does without it where it does not. */
export class Breaker {
  private leftAloneUntil = 0;

  /** What `ask` got; undefined: Redis is not there, or failed a moment ago. */
  async try<Client extends Redis, Result>(
    redis: Client | undefined,
    ask: (redis: Client) => Promise<Result>,
  ): Promise<Result | undefined> {
    if (redis?.status !== 'ready' || performance.now() < this.leftAloneUntil) return undefined;
    try {
      return await ask(redis);
    } catch {
      this.leftAloneUntil = performance.now() + LEFT_ALONE_MS;
      return undefined;
    }
  }
}
