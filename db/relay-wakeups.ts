import type { Db } from './connection';

/** Among many commits: no relay needs to know sooner. */
const WAKE_EVERY_MS = 5;

/**
 * Wakes the relay for commits that may be many: the first notifies by itself; those that follow closely leave NOTIFY out, for
 * which they would wait for each other, and share one notification afterwards. A wake-up that is lost costs no more than the wait until the
 * relay looks by itself.
 */
export class RelayWakeups {
  private isWaking = false;
  private isDueAgain = false;

  constructor(private readonly db: Db) {}

  /** Runs work that commits; `notifies`: whether that very commit is to wake the relay. */
  async during<Result>(work: (notifies: boolean) => Promise<Result>): Promise<Result> {
    if (!this.isWaking) {
      // Others don't wait for this commit, which may be long in coming.
      void this.wakeBy(Promise.resolve());
      return work(true);
    }
    const result = await work(false);
    if (this.isWaking) this.isDueAgain = true;
    else void this.wakeBy(this.db.raw('notify outbox'));
    return result;
  }

  private async wakeBy(notifying: PromiseLike<unknown>): Promise<void> {
    this.isWaking = true;
    const pause = new Promise((resolve) => setTimeout(resolve, WAKE_EVERY_MS));
    // What fails has committed nothing, or finds no database: then there is nothing to publish.
    await Promise.allSettled([notifying, pause]);
    this.isWaking = false;
    if (!this.isDueAgain) return;
    this.isDueAgain = false;
    void this.wakeBy(this.db.raw('notify outbox'));
  }
}
